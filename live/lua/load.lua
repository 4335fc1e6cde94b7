-- KEYS board, places, agents. Gives now, the highest offer, places, agents.
-- A board that never numbered an offer (or was emptied) gives now instead, so
-- that numbers cannot go back even when everything here was lost.
local b = redis.call('HMGET', KEYS[1], 'now', 'offer')
local now = clock(b[1])
redis.call('HSET', KEYS[1], 'now', now .. '')
return { now .. '', b[2] or now .. '', redis.call('HVALS', KEYS[2]), redis.call('HVALS', KEYS[3]) }
