-- Compare and set: all changes or none. The rules are in Go; here are only
-- versions, the clock, the order of those who join, and the fence.
-- KEYS lease of the board, board, agents, places, facts, calls.
-- ARGV token, highest offer, facts kept, then seven for each change:
--   op      A agent, a agent gone, P place, p place gone, N note: a call's record
--   id      the agent's or the call's
--   version expected; 0 for an agent or a place that must not be there
--   since   of an agent or a place, '' for now
--   within  of an agent: milliseconds until his deadline, 0 for none; of a place: its offer
--   seq     of a place; 0 to stand behind everybody
--   body    of an agent or a place; the record
-- An agent is kept as "version since deadline body", a place as "version offer seq
-- since body". The sequence is the time in milliseconds or the last number + 1,
-- whichever is higher: so the order holds even when the counter was lost with
-- everything else.
-- Gives {'done', now, the sequence of each who joined …}, {'refused', now, {value or
-- nil …}} with one for each change, or {'forbidden', token}.
local newer = fenced(KEYS[1], ARGV[1])
if newer then return { 'forbidden', newer } end
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then redis.call('HSET', KEYS[1], 'token', ARGV[1]) end
local b = redis.call('HMGET', KEYS[2], 'now', 'offer', 'seq')
local now = clock(b[1])
local key = { A = KEYS[3], a = KEYS[3], P = KEYS[4], p = KEYS[4] }

local was, fine = {}, true
for i = 4, #ARGV, 7 do
  local value = false
  if key[ARGV[i]] then
    value = redis.call('HGET', key[ARGV[i]], ARGV[i + 1])
    if (value and string.match(value, '^%d+') or '0') ~= ARGV[i + 2] then fine = false end
  end
  was[#was + 1] = value
end
if not fine then return { 'refused', now .. '', was } end

local told, n, last, joined = {}, 0, tonumber(b[3] or 0), { 'done', now .. '' }
for i = 4, #ARGV, 7 do
  local op, id, version, since = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  n = n + 1
  if since == '' then since = now end
  if op == 'N' then
    redis.call('HSET', KEYS[6], id, ARGV[i + 6])
  elseif op == 'a' or op == 'p' then
    redis.call('HDEL', key[op], id)
    told[#told + 1] = op .. was[n]
  else
    local value
    if op == 'A' then
      local deadline = '0'
      if ARGV[i + 4] ~= '0' then deadline = now + ARGV[i + 4] end
      value = (version + 1) .. ' ' .. since .. ' ' .. deadline .. ' ' .. ARGV[i + 6]
    else
      local seq = tonumber(ARGV[i + 5])
      if seq == 0 then
        seq = math.max(last + 1, now)
        joined[#joined + 1] = seq
      end
      last = math.max(last, seq)
      value = (version + 1) .. ' ' .. ARGV[i + 4] .. ' ' .. seq .. ' ' .. since .. ' ' .. ARGV[i + 6]
    end
    redis.call('HSET', key[op], id, value)
    told[#told + 1] = op .. value
  end
end
local offer = ARGV[2]
if tonumber(b[2] or 0) > tonumber(offer) then offer = b[2] end
if #told > 0 then
  redis.call('HSET', KEYS[2], 'now', now .. '', 'seq', last .. '')
  if offer ~= '0' then redis.call('HSET', KEYS[2], 'offer', offer) end
  redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[3], '*', 'v', FORM, 'kind', 'commit', 'at', now .. '', 'board', table.concat(told, '\n'))
end
return joined
