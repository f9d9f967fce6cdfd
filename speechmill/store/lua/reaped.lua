-- REAPED: the objects of a job are gone; its record stays until its own date. -> 1
local id = A[1]
if call('ZREM', P .. 'expiry', id) == 1 then
  call('ZADD', P .. 'forget', tonumber(call('HGET', job_key(id), 'ended') or NOW) + RECORDS_MS, id)
end
return 1
