-- REAPED: the objects of a job are gone; its record stays until its own date. -> 1
local id = A[1]
if call('HEXISTS', job_key(id), 'deleted') == 1 then
  forget(id)  -- a voice, which nobody has any more
elseif call('ZREM', P .. 'expiry', id) == 1 then
  call('HDEL', job_key(id), 'times')  -- they hold the text
  call('ZADD', P .. 'forget', tonumber(call('HGET', job_key(id), 'ended') or NOW) + RECORDS_MS, id)
end
return 1
