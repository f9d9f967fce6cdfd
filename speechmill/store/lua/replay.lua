-- REPLAY: deliver an event that was given up once more: under its id, on a schedule that begins again.
-- -> {missing | delivered | job_gone | done, bells}
local event, tenant = A[1], A[2]
local key = P .. 'event:' .. event
local f = call('HMGET', key, 'tenant', 'job', 'outcome')
if f[1] ~= tenant then return {'missing', {}} end
if call('ZSCORE', P .. 'outbox', event) then return {'done', {}} end  -- it waits already
if f[3] == 'delivered' then return {'delivered', {}} end
if call('EXISTS', job_key(f[2])) == 0 then return {'job_gone', {}} end
call('ZREM', P .. 'dead', event)
call('PERSIST', key)
call('HSET', key, 'tries', 0, 'outcome', 'again')
call('ZADD', P .. 'outbox', NOW, event)
BELLS['deliver'] = true
return {'done', bells()}
