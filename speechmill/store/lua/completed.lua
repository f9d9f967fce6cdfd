-- COMPLETED: the result is in storage; publish it, once. -> {1 | 0 fenced, bells}
-- `times`: when what is heard, and `take`: the record of the only segment, where the job was a single unit.
local ref, token, output, audio_ms, speak_ms, times, take = A[1], A[2], A[3], A[4], A[5], A[6], A[7]
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'final_token') == token and 1 or 0, bells()}
end
unlease(ref, 'done')
if take ~= '' then accept(id, 0, take, call('HGET', unit_key(ref), 'characters'), {unpack(A, 8)}) end
call('DEL', unit_key(ref))
call('HSET', job_key(id), 'output', output, 'final_token', token)
if times ~= '' then call('HSET', job_key(id), 'times', times) end
if not is_book(id) then call('HDEL', job_key(id), 'input') end  -- a new revision of a book is made from its order
call('DEL', P .. 'index:' .. id, P .. 'again:' .. id)
tally('audio_ms', audio_ms)
local f = call('HMGET', job_key(id), 'tenant', 'parts')
if not f[2] then use(f[1], 'audio_ms', audio_ms) end  -- of a whole, its parts told
tally('speak_ms', speak_ms)
close(id, 'completed', '')
return {1, bells()}
