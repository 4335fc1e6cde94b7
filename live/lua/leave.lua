-- KEYS board, places, facts. ARGV call, facts kept.
local place = redis.call('HGET', KEYS[2], ARGV[1])
if not place then return 0 end
local now = clock(redis.call('HGET', KEYS[1], 'now'))
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], 'now', now .. '')
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'kind', 'leave', 'at', now .. '', 'board', 'p' .. place)
return 1
