-- NUMBERS: what /metrics shows, all of one moment. -> see speechmill/store/numbers.py
local function by_queue(name) return call('HGETALL', P .. name) end

-- {queue, how long nothing of the job (or suspect) was claimed that waits there longest, ms, ...}
local function longest_waits()
  local out = {}
  for _, queue in ipairs(call('HKEYS', P .. 'depth')) do
    local first = call('ZRANGE', P .. 'waits:' .. queue, 0, 0, 'WITHSCORES')
    if first[2] then out[#out + 1] = queue; out[#out + 1] = math.max(0, NOW - first[2]) end
  end
  return out
end

-- {role, state, ...} of each worker that beats. One that is still unknown has no role yet.
local function workers()
  local out = {}
  for _, worker in ipairs(call('ZRANGE', P .. 'workers', 0, -1)) do
    local f = call('HMGET', P .. 'worker:' .. worker, 'role', 'state')
    if f[1] then out[#out + 1] = f[1]; out[#out + 1] = f[2] end
  end
  return out
end

local function overdue_ms()
  local first = call('ZRANGE', P .. 'outbox', 0, 0, 'WITHSCORES')
  return first[2] and math.max(0, NOW - first[2]) or 0
end

return {by_queue('depth'), by_queue('backlog'), by_queue('leased'), by_queue('capacity'), by_queue('warming'), longest_waits(),
        workers(), call('HGETALL', P .. 'figures'), call('HGETALL', P .. 'stats'),
        call('ZCARD', P .. 'outbox'), overdue_ms(), call('ZCARD', P .. 'dead')}
