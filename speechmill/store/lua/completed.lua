-- COMPLETED: the result is in storage; publish it, once. -> {1 | 0 fenced, bells}
-- `take` is the record of the only segment, where the job was a single unit.
local ref, token, output, take, flagged, audio_ms, speak_ms = A[1], A[2], A[3], A[4], tonumber(A[5]), A[6], A[7]
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'final_token') == token and 1 or 0, bells()}
end
unlease(ref)
call('DEL', unit_key(ref))
if take ~= '' then
  call('HSET', P .. 'segments:' .. id, 0, take)
  call('HINCRBY', job_key(id), 'done', 1)
  call('HINCRBY', job_key(id), 'flagged', flagged)
end
call('HSET', job_key(id), 'output', output, 'final_token', token)
call('HDEL', job_key(id), 'input')
call('DEL', P .. 'index:' .. id, P .. 'again:' .. id)
call('HINCRBY', P .. 'stats', 'audio_ms', audio_ms)
call('HINCRBY', P .. 'stats', 'speak_ms', speak_ms)
close(id, 'completed', '')
return {1, bells()}
