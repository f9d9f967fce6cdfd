-- REPLAY: deliver an event once more: under its id, on a schedule that begins again. `delivered`: '1' where it may have been taken.
-- -> {missing | delivered | job_gone | endpoint_disabled | done, bells}
local event, tenant, delivered = A[1], A[2], A[3]
local key = P .. 'event:' .. event
local f = call('HMGET', key, 'tenant', 'job', 'outcome', 'endpoint')
if f[1] ~= tenant then return {'missing', {}} end
if call('ZSCORE', P .. 'outbox', event) then return {'done', {}} end  -- it waits already
if f[3] == 'delivered' and delivered ~= '1' then return {'delivered', {}} end
if call('EXISTS', job_key(f[2])) + call('EXISTS', endpoint_key(f[2])) == 0 then return {'job_gone', {}} end
if f[4] and not is_enabled(f[4]) then return {'endpoint_disabled', {}} end
unlist_dead(event, tenant)
call('PERSIST', key)
call('HSET', key, 'tries', 0, 'outcome', 'again')
schedule(event, tenant, NOW)
BELLS['deliver'] = true
return {'done', bells()}
