-- KEYS lease. ARGV token. The token stays, so that tokens never go back.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
return redis.call('HSET', KEYS[1], 'until', '0')
