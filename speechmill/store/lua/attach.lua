-- ATTACH: this client waits for the job now; a client that hung up earlier may no longer cancel it. -> 1 | 0 missing
local id, tenant, waiter = A[1], A[2], A[3]
if call('HGET', job_key(id), 'tenant') ~= tenant then return 0 end
call('HSET', job_key(id), 'waiter', waiter)
return 1
