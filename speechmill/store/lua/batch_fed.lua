-- BATCH_FED: enough lines are open for now. -> {1 | 0 fenced, bells}
local ref, token, window = A[1], A[2], A[3]
local id = job_of(ref)
if not owned(ref, token) then return {call('HGET', job_key(id), 'fed_token') == token and 1 or 0, bells()} end
unlease(ref, 'done')
call('DEL', unit_key(ref))
call('HSET', job_key(id), 'fed_token', token, 'phase', 'parts', 'units', 0, 'cursor', 0, 'window', window)
-- Cancelled, or over, since this worker last looked: what is open must still be stopped.
if call('HEXISTS', job_key(id), 'ending') == 1 and stop_some(id) and call('HGET', job_key(id), 'phase') == 'parts' then
  enter_phase(id, 'feed', 1, tonumber(call('HGET', job_key(id), 'characters')))
else
  what_next(id)
end
return {1, bells()}
