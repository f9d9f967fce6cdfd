-- BATCH_BOUND: the files of a batch lie in storage; it has ended, and they are there for its client. -> {1 | 0 fenced, bells}
-- `files`, JSON: what the batch says of them; `lost`: lines whose sound was gone when they were written.
local ref, token, files, lost = A[1], A[2], A[3], tonumber(A[4])
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'final_token') == token and 1 or 0, bells()}
end
unlease(ref, 'done')
call('DEL', unit_key(ref))
call('HSET', job_key(id), 'files', files, 'final_token', token)
call('UNLINK', P .. 'chunks:' .. id)
if lost > 0 then
  call('HINCRBY', job_key(id), 'completed', 0 - lost)
  call('HINCRBY', job_key(id), 'failed', lost)
end
close(id, call('HGET', job_key(id), 'ending') or 'completed', '')
local f = call('HMGET', job_key(id), 'tenant', 'expires')
for i = 5, #A, 4 do add_file(A[i], f[1], A[i + 1], 'batch_output', A[i + 2], A[i + 3], f[2]) end  -- id, name, bytes, key
return {1, bells()}
