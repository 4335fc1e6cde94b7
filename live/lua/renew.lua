-- KEYS leases. ARGV holder, TTL in milliseconds, the token of each. Gives how each was
-- found (lease.Found). One that was lost from here is written anew: nobody with a
-- higher token has come.
local found, now = {}, clock(0)
for i, key in ipairs(KEYS) do
  local l = redis.call('HMGET', key, 'token', 'holder')
  local known, token = tonumber(l[1] or 0), tonumber(ARGV[i + 2])
  if known > token or (known == token and l[2] and l[2] ~= ARGV[1]) then
    found[i] = 'lost'
  else
    found[i] = l[2] and 'kept' or 'forgotten'
    redis.call('HSET', key, 'token', ARGV[i + 2], 'holder', ARGV[1], 'until', (now + ARGV[2]) .. '')
  end
end
return found
