-- KEYS board, places, facts, lease of the board. ARGV call, facts kept, token.
-- Gives 1, 0 where there was none, or {'forbidden', token}.
local newer = fenced(KEYS[4], ARGV[3])
if newer then return { 'forbidden', newer } end
local place = redis.call('HGET', KEYS[2], ARGV[1])
if not place then return 0 end
local now = clock(redis.call('HGET', KEYS[1], 'now'))
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], 'now', now .. '')
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], '*', 'v', FORM, 'kind', 'leave', 'at', now .. '', 'board', 'p' .. place)
return 1
