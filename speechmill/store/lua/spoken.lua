-- SPOKEN: a segment's take lies in storage. -> {1 | 0 fenced, bells}
local ref, token, take = A[1], A[2], A[3]
local id, n = job_of(ref), name_of(ref)
if not owned(ref, token) then
  local stored = call('HGET', P .. 'segments:' .. id, n)
  return {stored and cjson.decode(stored).token == tonumber(token) and 1 or 0, bells()}
end
unlease(ref, 'done')
local characters = tonumber(call('HGET', unit_key(ref), 'characters'))
call('DEL', unit_key(ref))
accept(id, n, take, characters, {unpack(A, 4)})
local done = call('HINCRBY', job_key(id), 'done_chars', characters)
if end_if_cancelled(id) then return {1, bells()} end
local f = call('HMGET', job_key(id), 'progress', 'speak_chars', 'status', 'characters')
local before = tonumber(f[1])
local progress = math.max(before, math.min(99, math.floor(100 * done / tonumber(f[2]))))
call('HSET', job_key(id), 'progress', progress)
-- Webhooks for progress come at every tenth of the way; clients that poll or listen see each step.
record(id, math.floor(progress / 10) > math.floor(before / 10) and 'speech.job.progress' or 'speech.job.segment')
if f[3] == 'in_progress' and phase_over(id) then enter_phase(id, 'finish', 1, tonumber(f[4])) end
return {1, bells()}
