-- SWEEP: what time alone brings about. One at a time over all workers and producers. -> nil (another did) | {leases ended,
-- jobs expired, workers lost, bells}
local pause_ms, batch = A[1], 200
call('DEL', P .. 'room')  -- a full Redis refuses what may grow it until a script has written; what frees memory must get through
if not call('SET', P .. 'sweeping', '1', 'NX', 'PX', pause_ms) then return nil end

local ended = call('ZRANGEBYSCORE', P .. 'leases', '-inf', NOW, 'LIMIT', 0, batch)
local last = tonumber(call('GET', P .. 'swept') or NOW)
call('SET', P .. 'swept', NOW)
-- Redis or everybody was away, so living workers could not renew: they get the time for one beat.
if NOW - last > LEASE_MS / 2 then call('SET', P .. 'amnesty', '1', 'PX', math.floor(LEASE_MS / 3)) end
if call('EXISTS', P .. 'amnesty') == 1 then ended = {} end
for _, ref in ipairs(ended) do
  local f = call('HMGET', unit_key(ref), 'token', 'owner')
  if f[1] then  -- else it came back with the others of its worker
    local beat = call('ZSCORE', P .. 'workers', f[2])
    if beat and tonumber(beat) > NOW - LEASE_MS then
      give_back(ref)  -- its worker lives and does not know of it: the reply to the CLAIM was lost
    else
      incident(call('SMEMBERS', P .. 'held:' .. f[2]))
    end
  end
end

local expired = 0
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'deadlines', '-inf', NOW, 'LIMIT', 0, batch)) do
  call('ZREM', P .. 'deadlines', id)
  if is_batch(id) and call('HEXISTS', job_key(id), 'lines') == 1 then
    wind_down(id, 'expired')  -- what was spoken of it is not lost
  elseif may(call('HGET', job_key(id), 'status') or '', 'expired') then
    close(id, 'expired', cjson.encode({code = 'deadline_exceeded', type = 'server_error', retryable = true,
      message = 'The deadline passed before the job was finished.'}))
    expired = expired + 1
  end
end

local gone = call('ZRANGEBYSCORE', P .. 'workers', '-inf', NOW - 2 * LEASE_MS)
for _, worker in ipairs(gone) do
  call('ZREM', P .. 'workers', worker)
  call('DEL', P .. 'worker:' .. worker)
  call('HDEL', P .. 'figures', worker)
end
if #gone > 0 then
  tally('workers_lost', #gone)
  count_slots()
end

for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'forget', '-inf', NOW, 'LIMIT', 0, batch)) do forget(id) end
call('ZREMRANGEBYSCORE', P .. 'dead', '-inf', '(' .. NOW - RESULTS_MS)  -- see list_dead

local depth = call('HGETALL', P .. 'depth')
for i = 1, #depth, 2 do
  if tonumber(depth[i + 1]) > 0 then BELLS[depth[i]] = true else call('HDEL', P .. 'depth', depth[i]) end
end
BELLS['deliver'] = true
return {#ended, expired, #gone, bells()}
