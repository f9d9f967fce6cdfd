-- BATCH_FED: enough lines are open for now. -> {1 | 0 fenced, bells}
local ref, token, window = A[1], A[2], A[3]
local id = job_of(ref)
if not owned(ref, token) then return {call('HGET', job_key(id), 'fed_token') == token and 1 or 0, bells()} end
unlease(ref, 'done')
call('DEL', unit_key(ref))
call('HSET', job_key(id), 'fed_token', token, 'phase', 'parts', 'units', 0, 'cursor', 0, 'window', window)
what_next(id)
return {1, bells()}
