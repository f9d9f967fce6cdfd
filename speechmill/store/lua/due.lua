-- DUE: take the next webhook event to deliver, and hold it for a while. -> nil | {event, job, tenant, type, at, tries, hold}
local hold_ms = tonumber(A[1])
local event = call('ZRANGEBYSCORE', P .. 'outbox', '-inf', NOW, 'LIMIT', 0, 1)[1]
if not event then return nil end
call('ZADD', P .. 'outbox', NOW + hold_ms, event)
local hold = call('HINCRBY', P .. 'event:' .. event, 'hold', 1)
local f = call('HMGET', P .. 'event:' .. event, 'job', 'tenant', 'type', 'at', 'tries')
return {event, f[1], f[2], f[3], f[4], f[5] + 1, hold}
