-- DUE: take the next webhook event to deliver, and hold it for a while. -> nil | {event, job, tenant, type, at, tries, hold}, and of
-- a delivery to an endpoint, that one's record
local hold_ms = tonumber(A[1])

-- Of those that wait for an endpoint which wants nothing now, not too many at a time. There will be a bell for what is left.
local function next_due()
  for _, event in ipairs(call('ZRANGEBYSCORE', P .. 'outbox', '-inf', NOW, 'LIMIT', 0, 100)) do
    local endpoint = call('HGET', P .. 'event:' .. event, 'endpoint')
    if not endpoint or is_enabled(endpoint) then return event, endpoint end
    withdraw_delivery(event)
  end
end

local event, endpoint = next_due()
if not event then return nil end
call('ZADD', P .. 'outbox', NOW + hold_ms, event)
local hold = call('HINCRBY', P .. 'event:' .. event, 'hold', 1)
local f = call('HMGET', P .. 'event:' .. event, 'job', 'tenant', 'type', 'at', 'tries')
return {event, f[1], f[2], f[3], f[4], f[5] + 1, hold, endpoint and endpoint_record(endpoint) or nil}
