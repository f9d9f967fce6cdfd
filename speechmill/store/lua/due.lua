-- DUE: take the next webhook event to deliver, and hold it for a while. -> nil | {event, job, tenant, type, at, tries, hold}, and of
-- a delivery to an endpoint, that one's record
--
-- Tenants take turns: the next event is one of the tenant of which the fewest are being delivered, and among such of the one that
-- was handed none for longest. So a receiver that does not answer holds up its own tenant, and one tenant alone has every courier.
local hold_ms = tonumber(A[1])
local TENANTS = 50  -- looked at; who is handed an event goes to the end of the line, so all come to be
local looks = 100   -- at events: those for an endpoint that wants nothing now are withdrawn, and a bell comes for what is left

-- Only counted here, for on a full Redis the first write must be one that it refuses: what could not be settled must not be posted.
local function n_posting(tenant) return call('ZCOUNT', posting_key(tenant), '(' .. NOW, '+inf') end

local function next_tenant()
  local chosen, fewest
  for _, tenant in ipairs(call('ZRANGEBYSCORE', P .. 'outboxes', '-inf', NOW, 'LIMIT', 0, TENANTS)) do
    local n = n_posting(tenant)
    if n == 0 then return tenant end
    if not fewest or n < fewest then chosen, fewest = tenant, n end
  end
  return chosen
end

local function next_of(tenant)
  for _, event in ipairs(call('ZRANGEBYSCORE', outbox_key(tenant), '-inf', NOW, 'LIMIT', 0, looks)) do
    local endpoint = call('HGET', P .. 'event:' .. event, 'endpoint')
    if not endpoint or is_enabled(endpoint) then return event, endpoint end
    withdraw_delivery(event)
    looks = looks - 1
  end
end

local function next_due()
  while looks > 0 do
    local tenant = next_tenant()
    if not tenant then return nil end
    local event, endpoint = next_of(tenant)
    if event then return event, endpoint, tenant end
    looks = looks - 1
  end
end

local event, endpoint, tenant = next_due()
if not event then return nil end
schedule(event, tenant, NOW + hold_ms)
call('ZADD', P .. 'outboxes', 'GT', NOW, tenant)
call('ZREMRANGEBYSCORE', posting_key(tenant), '-inf', NOW)  -- whoever was at these has died, or given up
call('ZADD', posting_key(tenant), NOW + hold_ms, event)
local hold = call('HINCRBY', P .. 'event:' .. event, 'hold', 1)
local f = call('HMGET', P .. 'event:' .. event, 'job', 'tenant', 'type', 'at', 'tries')
return {event, f[1], f[2], f[3], f[4], f[5] + 1, hold, endpoint and endpoint_record(endpoint) or nil}
