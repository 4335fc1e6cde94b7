-- KEYS lease. ARGV token. Gives 1, or 0 where another has it. The token stays, so that tokens never go back.
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'until', '0')
return 1
