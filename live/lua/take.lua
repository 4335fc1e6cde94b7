-- KEYS lease. ARGV holder, floor, TTL in milliseconds, holder to take it from, 1
-- where somebody is known to hold it.
-- Gives {1 taken / 0 held by another, token, holder, milliseconds left}.
-- More left than a TTL can only come of a clock that was set back: free then.
local l = redis.call('HMGET', KEYS[1], 'token', 'holder', 'until')
local now = clock(0)
local token, left = tonumber(l[1] or 0), tonumber(l[3] or 0) - now
if left > 0 and left <= tonumber(ARGV[3]) and l[2] ~= ARGV[1] and l[2] ~= ARGV[4] then
  return { 0, l[1], l[2], left }
end
-- Emptied: its holder is given the time to write it anew.
if ARGV[5] == '1' and not l[2] then return { 0, token .. '', '', 0 } end
token = math.max(now, token + 1, ARGV[2] + 1)
redis.call('HSET', KEYS[1], 'token', token .. '', 'holder', ARGV[1], 'until', (now + ARGV[3]) .. '')
return { 1, token .. '', ARGV[1], tonumber(ARGV[3]) }
