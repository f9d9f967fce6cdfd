-- DIVIDED: a book was read; its chapters may be made. With none to make (it was only to be planned), it is completed.
-- -> {1 | 0 fenced, bells}
-- The whole keeps `contents`, JSON: what the book says of itself and of each of its chapters.
local ref, token, contents, window, characters = A[1], A[2], A[3], A[4], tonumber(A[5])
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'plan_token') == token and 1 or 0, bells()}
end
unlease(ref, 'done')
call('DEL', unit_key(ref))
if end_if_cancelled(id) or call('HGET', job_key(id), 'status') == 'cancelling' then return {0, bells()} end
call('HSET', job_key(id), 'plan_token', token, 'contents', contents)
local f = call('HMGET', job_key(id), 'tenant', 'class', 'model', 'request_id', 'hook', 'traceparent', 'order')
local n = 0
for i = 6, #A, 3 do  -- of each chapter: spec, the object with its text, characters
  n = n + 1
  local part = id .. '.' .. n
  call('HSET', job_key(part),
    'tenant', f[1], 'status', 'queued', 'phase', 'plan', 'class', f[2], 'model', f[3], 'spec', A[i], 'input_key', A[i + 1],
    'characters', A[i + 2], 'units', 1, 'cursor', 0, 'queued', 0, 'queued_chars', 0, 'segments', 0, 'done', 0, 'flagged', 0,
    'speak_chars', A[i + 2], 'done_chars', 0, 'progress', 0, 'attempts', 0, 'version', 1, 'order', f[7], 'created', NOW,
    'request_id', f[4], 'traceparent', f[6] or '', 'hook', f[5] or '')
end
call('HSET', job_key(id), 'characters', characters)
if n == 0 then
  close(id, 'completed', '')
  return {1, bells()}
end
use(f[1], 'characters', characters)  -- when it was accepted, nobody knew how many
call('HSET', job_key(id), 'phase', 'parts', 'units', 0, 'cursor', 0, 'parts', n, 'opened', 0, 'running', 0, 'speaking', 0,
     'window', window, 'parts_done', 0, 'weight_done', 0)
record(id, 'speech.job.planned')
go_on(id)
return {1, bells()}
