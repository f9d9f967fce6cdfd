-- RETRY: queue what failed of a failed job, and only that. -> missing | not_failed | expired | done, and bells
local id, tenant, traceparent = A[1], A[2], A[3]
local f = call('HMGET', job_key(id), 'tenant', 'status', 'phase', 'units', 'cursor', 'characters', 'speak_chars', 'done_chars',
               'expires', 'error', 'segments')
if f[1] ~= tenant then return {'missing', {}} end
if f[2] ~= 'failed' then return {'not_failed', {}} end
if tonumber(f[9]) <= NOW then return {'expired', {}} end
move(id, 'queued')
if traceparent ~= '' then call('HSET', job_key(id), 'traceparent', traceparent) end
call('HDEL', job_key(id), 'error', 'ended', 'expires', 'started', 'deadline')
call('ZREM', P .. 'expiry', id)
call('ZREM', P .. 'forget', id)
if f[3] == 'finish' and cjson.decode(f[10]).code == 'segment_missing' then
  -- Joining again would miss it again. All go round once more; what is still stored is found and not spoken.
  call('DEL', P .. 'segments:' .. id)
  call('HSET', job_key(id), 'done', 0, 'flagged', 0, 'done_chars', 0)
  enter_phase(id, 'speak', tonumber(f[11]), tonumber(f[7]))
  record(id, 'speech.job.queued')
  return {'done', bells()}
end
local units = tonumber(f[4]) - tonumber(f[5]) + call('LLEN', P .. 'again:' .. id)
local characters = f[3] == 'speak' and tonumber(f[7]) - tonumber(f[8]) or tonumber(f[6])
enqueue(id, units, characters)
record(id, 'speech.job.queued')
return {'done', bells()}
