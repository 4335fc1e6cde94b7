-- KEYS lease. Gives {token, holder, milliseconds left} or nothing.
local l = redis.call('HMGET', KEYS[1], 'token', 'holder', 'until')
if not l[1] then return false end
return { l[1], l[2] or '', math.max(0, tonumber(l[3] or 0) - clock(0)) }
