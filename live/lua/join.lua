-- KEYS board, places, facts, lease of the board. ARGV call, body, seq or 0, since
-- or 0, facts kept, token. Gives the place, or {'forbidden', token}.
-- A place is kept as "version offer seq since body". The sequence is the time
-- in milliseconds or the last number + 1, whichever is higher: so the order
-- holds even when the counter was lost with everything else.
local newer = fenced(KEYS[4], ARGV[6])
if newer then return { 'forbidden', newer } end
local place = redis.call('HGET', KEYS[2], ARGV[1])
if place then return place end
local b = redis.call('HMGET', KEYS[1], 'now', 'seq')
local now, last = clock(b[1]), tonumber(b[2] or 0)
local seq = tonumber(ARGV[3])
if seq == 0 then seq = math.max(last + 1, now) end
local since = ARGV[4]
if since == '0' then since = now .. '' end
place = '1 0 ' .. seq .. ' ' .. since .. ' ' .. ARGV[2]
redis.call('HSET', KEYS[2], ARGV[1], place)
redis.call('HSET', KEYS[1], 'now', now .. '', 'seq', math.max(last, seq) .. '')
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], '*', 'v', FORM, 'kind', 'join', 'at', now .. '', 'board', 'P' .. place)
return place
