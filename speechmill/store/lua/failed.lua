-- FAILED: a unit could not be done. Tried again where that may help, else the job fails. -> {again | failed | lost, bells}
local ref, token, error_json, retryable = A[1], A[2], A[3], A[4] == '1'
local id = job_of(ref)
if not owned(ref, token) then return {'lost', bells()} end
unlease(ref, 'failed')
if end_if_cancelled(id) or call('HGET', job_key(id), 'status') == 'cancelling' then
  call('DEL', unit_key(ref))
  return {'lost', bells()}
end
if retryable and call('HINCRBY', unit_key(ref), 'tries', 1) < MAX_TRIES then
  requeue(ref)
  return {'again', bells()}
end
if is_skippable(ref) then
  skip(ref, error_json)
  return {'failed', bells()}
end
call('RPUSH', P .. 'again:' .. id, name_of(ref))
close(id, 'failed', error_json)
return {'failed', bells()}
