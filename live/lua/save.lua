-- KEYS lease of the board, calls. ARGV token, save or drop, call, record. Gives 1,
-- or {'forbidden', token}.
local newer = fenced(KEYS[1], ARGV[1])
if newer then return { 'forbidden', newer } end
if ARGV[2] == 'save' then
  redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
else
  redis.call('HDEL', KEYS[2], ARGV[3])
end
return 1
