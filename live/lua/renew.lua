-- KEYS leases. ARGV holder, TTL in milliseconds, the token of each. Gives how each was
-- found (lease.Found). One that was lost from here is written anew: nobody with a
-- higher token has come. One that was renewed by another run of Redis, before it
-- crashed or was replaced by its replica, may be all that is left of its last steps.
local found, now, this = {}, clock(0), run()
for i, key in ipairs(KEYS) do
  local l = redis.call('HMGET', key, 'token', 'holder', 'run')
  local known, token = tonumber(l[1] or 0), tonumber(ARGV[i + 2])
  if known > token or (known == token and l[2] and l[2] ~= ARGV[1]) then
    found[i] = 'lost'
  else
    found[i] = l[2] and (not l[3] or l[3] == this) and 'kept' or 'forgotten'
    redis.call('HSET', key, 'token', ARGV[i + 2], 'holder', ARGV[1], 'until', (now + ARGV[2]) .. '', 'run', this)
  end
end
return found
