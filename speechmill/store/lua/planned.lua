-- PLANNED: the text is cut; its segments may be spoken. -> {1 | 0 fenced, bells}
local ref, token, plan_key, index, characters = A[1], A[2], A[3], A[4], tonumber(A[5])
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'plan_token') == token and 1 or 0, bells()}
end
local n = #index / 8
if n == 0 then error('a plan without segments') end
unlease(ref, 'done')
call('DEL', unit_key(ref))
if end_if_cancelled(id) or call('HGET', job_key(id), 'status') == 'cancelling' then return {0, bells()} end
call('SET', P .. 'index:' .. id, index)
call('HSET', job_key(id), 'plan_token', token, 'plan_key', plan_key, 'segments', n, 'speak_chars', characters)
call('HDEL', job_key(id), 'input')
enter_phase(id, 'speak', n, characters)
record(id, 'speech.job.planned')
return {1, bells()}
