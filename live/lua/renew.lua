-- KEYS lease. ARGV holder, token, TTL in milliseconds. Gives 1, or the holder
-- who has taken it. A lease that was lost from here is written anew: nobody
-- with a higher token has come.
local l = redis.call('HMGET', KEYS[1], 'token', 'holder')
local known, token = tonumber(l[1] or 0), tonumber(ARGV[2])
if known > token or (known == token and l[2] and l[2] ~= ARGV[1]) then return l[2] or '' end
redis.call('HSET', KEYS[1], 'token', ARGV[2], 'holder', ARGV[1], 'until', (clock(0) + ARGV[3]) .. '')
return 1
