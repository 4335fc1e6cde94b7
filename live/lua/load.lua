-- KEYS board, places, agents. Gives now, the highest offer (0 none), places, agents.
local b = redis.call('HMGET', KEYS[1], 'now', 'offer')
local now = clock(b[1])
redis.call('HSET', KEYS[1], 'now', now .. '')
return { now .. '', b[2] or '0', redis.call('HVALS', KEYS[2]), redis.call('HVALS', KEYS[3]) }
