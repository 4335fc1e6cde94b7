-- Compare and set: all changes or none. The rules are in Go; here are only
-- versions, the clock and the fence.
-- KEYS lease of the board, board, agents, places, facts.
-- ARGV token, highest offer, facts kept, then six for each change:
--   op      A agent, a agent gone, P place, p place gone
--   id      the agent's or the call's
--   version expected; 0 for an agent who must not be there
--   since   of an agent, '' for now; of a place: its offer
--   within  milliseconds until an agent's deadline, 0 for none
--   body    of an agent
-- An agent is kept as "version since deadline body", a place as join says.
-- Gives {'done', now}, {'refused', now, value or nil …} or {'forbidden', token}.
local newer = fenced(KEYS[1], ARGV[1])
if newer then return { 'forbidden', newer } end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then redis.call('HSET', KEYS[1], 'token', ARGV[1]) end
local b = redis.call('HMGET', KEYS[2], 'now', 'offer')
local now = clock(b[1])
local key = { A = KEYS[3], a = KEYS[3], P = KEYS[4], p = KEYS[4] }

local was, fine = {}, true
for i = 4, #ARGV, 6 do
  local value = redis.call('HGET', key[ARGV[i]], ARGV[i + 1])
  was[#was + 1] = value
  if (value and string.match(value, '^%d+') or '0') ~= ARGV[i + 2] then fine = false end
end
if not fine then return { 'refused', now .. '', was } end

local told, n = {}, 0
for i = 4, #ARGV, 6 do
  local op, id, version = ARGV[i], ARGV[i + 1], ARGV[i + 2] + 1
  n = n + 1
  local value = was[n]
  if op == 'a' or op == 'p' then
    redis.call('HDEL', key[op], id)
  else
    if op == 'A' then
      local since, deadline = ARGV[i + 3], '0'
      if since == '' then since = now end
      if ARGV[i + 4] ~= '0' then deadline = now + ARGV[i + 4] end
      value = version .. ' ' .. since .. ' ' .. deadline .. ' ' .. ARGV[i + 5]
    else
      value = version .. ' ' .. ARGV[i + 3] .. string.match(value, '^%d+ %d+( .*)$')
    end
    redis.call('HSET', key[op], id, value)
  end
  told[n] = op .. value
end
local offer = ARGV[2]
if tonumber(b[2] or 0) > tonumber(offer) then offer = b[2] end
if offer == '0' then
  redis.call('HSET', KEYS[2], 'now', now .. '')
else
  redis.call('HSET', KEYS[2], 'now', now .. '', 'offer', offer)
end
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[3], '*', 'v', FORM, 'kind', 'commit', 'at', now .. '', 'board', table.concat(told, '\n'))
return { 'done', now .. '' }
