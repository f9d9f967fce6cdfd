-- REAPED: the objects of a job are gone; its record stays until its own date. -> 1
local id = A[1]
if is_voice(id) then
  forget(id)  -- it was deleted, and nobody has it any more; or it failed, a while ago
elseif call('ZREM', P .. 'expiry', id) == 1 then
  call('HDEL', job_key(id), 'times')  -- they hold the text
  call('ZADD', P .. 'forget', tonumber(call('HGET', job_key(id), 'ended') or NOW) + RECORDS_MS, id)
end
return 1
