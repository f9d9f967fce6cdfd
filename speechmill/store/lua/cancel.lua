-- CANCEL: stop a job. -> missing | ended | attached (another client waits for it) | done, and bells
local id, tenant, waiter = A[1], A[2], A[3]
local f = call('HMGET', job_key(id), 'tenant', 'status', 'waiter')
if f[1] ~= tenant then return {'missing', {}} end
if waiter ~= '' and f[3] ~= waiter then return {'attached', {}} end
if f[2] == 'cancelling' then return {'done', {}} end
if not (may(f[2], 'cancelling') or may(f[2], 'cancelled')) then return {'ended', {}} end
if call('SCARD', P .. 'leased:' .. id) == 0 then
  close(id, 'cancelled', '')
else
  withdraw(id)
  move(id, 'cancelling')
  call('PUBLISH', P .. 'stop', id)
  record(id, 'speech.job.cancelling')
end
return {'done', bells()}
