-- CANCEL: stop a job; with a waiter, only if nobody else waits for it or was promised it.
-- -> missing | ended | attached | done, and bells
local id, tenant, waiter = A[1], A[2], A[3]
local f = call('HMGET', job_key(id), 'tenant', 'status')
if f[1] ~= tenant or whole_of(id) then return {'missing', {}} end
if waiter ~= '' then
  local waiters = P .. 'waiters:' .. id
  if call('SREM', waiters, waiter) == 0 or call('EXISTS', waiters) == 1 then return {'attached', {}} end
end
if f[2] == 'cancelling' then return {'done', {}} end
if not (may(f[2], 'cancelling') or may(f[2], 'cancelled')) then return {'ended', {}} end
-- The same Idempotency-Key then makes a new job: whoever sent it has never heard of this one.
if waiter ~= '' then call('HSET', job_key(id), 'abandoned', 1) end
stop(id)
return {'done', bells()}
