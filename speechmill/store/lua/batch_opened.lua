-- BATCH_OPENED: the next lines of a batch may be spoken. -> {opened | ending (nothing more is opened) | lost, bells}
local ref, token, first = A[1], A[2], tonumber(A[3])
local id = job_of(ref)
if not owned(ref, token) then return {'lost', bells()} end
local f = call('HMGET', job_key(id), 'tenant', 'class', 'request_id', 'traceparent', 'order', 'opened', 'ending')
if f[7] then return {'ending', bells()} end
local n = tonumber(f[6])
if n >= first then return {'opened', bells()} end  -- the reply of the first try was lost
local opened_chars = 0
for i = 4, #A, 6 do  -- of each line: phase, model, spec, text, the object that holds it instead, characters
  n = n + 1
  local line, phase, characters = id .. '.' .. n, A[i], tonumber(A[i + 5])
  call('HSET', job_key(line),
    'tenant', f[1], 'status', 'queued', 'phase', phase, 'class', f[2], 'model', A[i + 1], 'spec', A[i + 2],
    'characters', characters, 'units', 1, 'cursor', 0, 'queued', 0, 'queued_chars', 0, 'segments', phase == 'whole' and 1 or 0,
    'done', 0, 'flagged', 0, 'speak_chars', characters, 'done_chars', 0, 'progress', 0, 'attempts', 0, 'version', 1,
    'order', f[5], 'created', NOW, 'request_id', f[3], 'traceparent', f[4] or '', 'input', A[i + 3], 'input_key', A[i + 4])
  call('ZADD', P .. 'open:' .. id, n, n)
  opened_chars = opened_chars + characters
  enqueue(line, 1, characters)
end
call('HSET', job_key(id), 'opened', n)
call('HINCRBY', job_key(id), 'open_chars', opened_chars)
return {'opened', bells()}
