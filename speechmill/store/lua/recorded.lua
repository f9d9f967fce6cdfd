-- RECORDED: a voice has its recording, which is fit to be cloned; `model` is to say its first words. -> {1 | 0 fenced, bells}
local ref, token, contents, sound_key, model = A[1], A[2], A[3], A[4], A[5]
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'plan_token') == token and 1 or 0, bells()}
end
unlease(ref, 'done')
call('DEL', unit_key(ref))
if end_if_cancelled(id) or call('HGET', job_key(id), 'status') == 'cancelling' then return {0, bells()} end
call('HSET', job_key(id), 'plan_token', token, 'plan_key', sound_key, 'contents', contents, 'model', model)
enter_phase(id, 'whole', 1, tonumber(call('HGET', job_key(id), 'characters')))
record(id, 'speech.job.recorded')
return {1, bells()}
