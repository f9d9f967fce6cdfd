-- CLAIM: lease the next unit of the first of these queues that has one; of suspects, all of a group that this worker takes at
-- once. -> nil | {bells, {unit, token, attempt, queue, ...}, ...}
local worker = A[1]

-- Those that stay behind are the next to be claimed.
local function next_suspects(queue)
  local suspects = P .. 'suspects:' .. queue
  local group = call('LINDEX', suspects, -1)
  if not group then return {} end
  local slots = tonumber(call('HGET', P .. 'worker:' .. worker, 'cap:' .. queue) or '1')
  local refs = call('LRANGE', P .. 'group:' .. group, 0, slots - 1)
  call('LTRIM', P .. 'group:' .. group, slots, -1)
  if call('EXISTS', P .. 'group:' .. group) == 0 then call('RPOP', suspects) end
  for _, ref in ipairs(refs) do
    call('SREM', P .. 'suspected:' .. job_of(ref), ref)
    call('ZREM', P .. 'waits:' .. queue, ref)
  end
  return refs
end

-- Where segment `n` of a planned job lies in its plan object: offset, bytes, characters.
local function place(id, n)
  return struct.unpack('<I4I2I2', call('GETRANGE', P .. 'index:' .. id, n * 8, n * 8 + 7))
end

local function next_unit(id)
  local f = call('HMGET', job_key(id), 'phase', 'cursor', 'units', 'characters')
  local name = call('LPOP', P .. 'again:' .. id)
  if not name then
    if tonumber(f[2]) >= tonumber(f[3]) then return nil end
    call('HINCRBY', job_key(id), 'cursor', 1)
    name = f[1] == 'speak' and f[2] or f[1]
  end
  if f[1] ~= 'speak' then return name, tonumber(f[4]) end
  local _, _, characters = place(id, tonumber(name))
  return name, characters
end

-- The tenant with the smallest start tag, and of its jobs the one with the smallest tag.
local function next_fair(queue)
  local ring = P .. 'ring:' .. queue
  local first = call('ZRANGE', ring, 0, 0, 'WITHSCORES')
  if #first == 0 then return nil end
  local tenant, start = first[1], tonumber(first[2])
  local jobs = ring .. ':' .. tenant
  local head = call('ZRANGE', jobs, 0, 0, 'WITHSCORES')
  local id, tag = head[1], tonumber(head[2])
  local name, characters = next_unit(id)
  if not name then
    -- Never seen. Were a job to stand in the ring with nothing queued, it must not jam it.
    ring_drop(queue, tenant, id)
    return nil
  end
  call('SET', P .. 'clock:' .. queue, start)
  call('SET', P .. 'clock:' .. queue .. ':' .. tenant, tag)
  call('ZADD', jobs, tag + characters, id)
  call('ZADD', P .. 'waits:' .. queue, NOW, id)
  call('ZADD', ring, start + characters / tonumber(call('HGET', P .. 'weights', tenant) or '1'), tenant)
  call('HINCRBY', job_key(id), 'queued_chars', 0 - characters)
  if call('HINCRBY', job_key(id), 'queued', -1) == 0 then ring_drop(queue, tenant, id) end
  return id, name, characters
end

local function start(id)
  local f = call('HMGET', job_key(id), 'status', 'class', 'created')
  if f[1] ~= 'queued' then return end
  move(id, 'in_progress')
  call('HSET', job_key(id), 'started', NOW)
  observe('wait', f[2], NOW - f[3])
  record(id, 'speech.job.started')
end

local function lease(queue, id, name, characters)
  count(queue, -1, 0 - characters)
  local ref = id .. '/' .. name
  local token = call('INCR', P .. 'fence')
  local attempt = call('HINCRBY', unit_key(ref), 'attempt', 1)
  call('HSET', unit_key(ref), 'token', token, 'owner', worker, 'queue', queue, 'characters', characters, 'claimed', NOW)
  call('ZADD', P .. 'leases', NOW + LEASE_MS, ref)
  call('SADD', P .. 'held:' .. worker, ref)
  call('SADD', P .. 'leased:' .. id, ref)
  call('HINCRBY', P .. 'leased', queue, 1)
  if attempt > 1 or name == 'whole' or name == 'plan' then call('HINCRBY', job_key(id), 'attempts', 1) end
  start(id)
  local offset, bytes, segment = 0, 0, -1
  local f = call('HMGET', job_key(id), 'phase', 'tenant', 'model', 'spec', 'request_id', 'input', 'input_key', 'plan_key',
                 'segments', 'created', 'traceparent')
  if f[1] == 'speak' then
    segment = tonumber(name)
    offset, bytes = place(id, segment)
    f[6] = ''
  end
  return {ref, token, attempt, queue, characters, NOW, segment, offset, bytes,
          f[1], f[2], f[3], f[4], f[5], f[6] or '', f[7] or '', f[8] or '', f[9], f[10], f[11] or '',
          (name == 'plan' or name == 'whole') and call('HGETALL', P .. 'lexicons:' .. f[2]) or {}}
end

for i = 2, #A do
  local queue, units = A[i], {}
  if string.match(queue, ':suspect$') then
    for n, ref in ipairs(next_suspects(queue)) do
      units[n] = lease(queue, job_of(ref), name_of(ref), tonumber(call('HGET', unit_key(ref), 'characters')))
    end
  else
    local id, name, characters = next_fair(queue)
    if id then units[1] = lease(queue, id, name, characters) end
  end
  if #units > 0 then return {bells(), unpack(units)} end
end
return nil
