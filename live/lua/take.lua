-- KEYS lease. ARGV holder, floor, TTL in milliseconds, holder to take it from,
-- when another was last seen to hold it, or 0.
-- Gives {1 taken / 0 held by another, token, holder, milliseconds left, now}.
-- More left than a TTL can only come of a clock that was set back: free then. The TTL
-- of the version before was 1500.
local l = redis.call('HMGET', KEYS[1], 'token', 'holder', 'until')
local now = clock(0)
local token, left = tonumber(l[1] or 0), tonumber(l[3] or 0) - now
if left > 0 and left <= math.max(tonumber(ARGV[3]), 1500) and l[2] ~= ARGV[1] and l[2] ~= ARGV[4] then
  return { 0, l[1], l[2], left, now }
end
-- Emptied, or away so long that the lease may have run out meanwhile (this very
-- question may have waited): the holder is given the time to renew it.
local seen = tonumber(ARGV[5])
if seen > 0 and l[2] ~= ARGV[4] and (not l[2] or now - seen > ARGV[3] / 2) and l[3] ~= '0' then
  return { 0, token .. '', l[2] or '', 0, now }
end
token = math.max(now, token + 1, ARGV[2] + 1)
redis.call('HSET', KEYS[1], 'token', token .. '', 'holder', ARGV[1], 'until', (now + ARGV[3]) .. '', 'run', run())
return { 1, token .. '', ARGV[1], tonumber(ARGV[3]), now }
