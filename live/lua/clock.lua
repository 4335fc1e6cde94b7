-- Read before every script. The board's clock: milliseconds of this server's
-- time, never below the last moment the board gave (field now of its hash).
local function clock(last)
  local t = redis.call('TIME')
  local now = t[1] * 1000 + math.floor(t[2] / 1000)
  last = tonumber(last or 0)
  if last > now then return last end
  return now
end

-- Which run of Redis this is; '' where INFO may not be asked.
local function run()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and info:match('run_id:(%x+)') or ''
end

-- The newer token if the lease, of key, has one; nil while ours is the newest. Token 0 is
-- of nobody and not fenced.
local function fenced(key, token)
  local known = redis.call('HGET', key, 'token')
  if token ~= '0' and known and tonumber(known) > tonumber(token) then return known end
  return nil
end
