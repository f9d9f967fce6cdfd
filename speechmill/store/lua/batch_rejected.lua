-- BATCH_REJECTED: the file of a batch cannot be used. `rejected`, JSON: what is wrong, line by line. -> {1 | 0 fenced, bells}
local ref, token, error_json, rejected = A[1], A[2], A[3], A[4]
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'plan_token') == token and 1 or 0, bells()}
end
unlease(ref, 'done')
call('DEL', unit_key(ref))
if end_if_cancelled(id) or call('HGET', job_key(id), 'status') == 'cancelling' then return {0, bells()} end
call('HSET', job_key(id), 'plan_token', token, 'rejected', rejected)
close(id, 'failed', error_json)
return {1, bells()}
