-- Webhook endpoints: who is told of a tenant's events beside a job's own webhook.
--
-- An event goes to each of them as a delivery of its own, <event>_<endpoint>: a member of `outbox` like the events of jobs, with a
-- record that also names its endpoint. All deliveries of one event carry its id.

local DELIVERIES_KEPT = 1000  -- in the log of an endpoint

local function endpoint_key(id) return P .. 'endpoint:' .. id end
local function deliveries_key(id) return P .. 'deliveries:' .. id end

-- As speechmill/store/endpoints.py reads it; nil where there is none.
local function endpoint_record(id, tenant)
  local f = call('HMGET', endpoint_key(id), 'tenant', 'url', 'events', 'description', 'metadata', 'created', 'generation', 'older',
                 'disabled', 'reason', 'failing')
  if not f[1] or (tenant and f[1] ~= tenant) then return nil end
  return {id, unpack(f, 1, 11)}
end

local function subscribe(id)
  local f = call('HMGET', endpoint_key(id), 'tenant', 'events', 'disabled')
  if f[3] then call('HDEL', P .. 'subscribed:' .. f[1], id) else call('HSET', P .. 'subscribed:' .. f[1], id, f[2]) end
end

-- filter: names of types, parted by commas; group.* is all whose names begin so, and * is all, but progress wants to be named.
local function wants(filter, kind)
  for wanted in string.gmatch(filter, '[^,]+') do
    if wanted == kind then return true end
    local group = string.match(wanted, '^(.*)%*$')
    if group and string.sub(kind, 1, #group) == group and not string.match(kind, '%.progress$') then return true end
  end
  return false
end

-- One event to one endpoint. subject: the job that it tells of, or the endpoint.
local function deliver(endpoint, tenant, subject, kind, event)
  local delivery, log = event .. '_' .. endpoint, deliveries_key(endpoint)
  call('HSET', P .. 'event:' .. delivery, 'job', subject, 'tenant', tenant, 'type', kind, 'at', NOW, 'tries', 0, 'endpoint', endpoint)
  schedule(delivery, tenant, NOW)
  call('ZADD', log, NOW, delivery)
  call('ZREMRANGEBYRANK', log, 0, -1 - DELIVERIES_KEPT)
  BELLS['deliver'] = true
end

-- TOLD stands above lib.lua: the types that anybody may be told of.
function tell_endpoints(tenant, subject, kind, event)
  if not TOLD[kind] then return end
  local subscribed = call('HGETALL', P .. 'subscribed:' .. tenant)
  for i = 1, #subscribed, 2 do
    if wants(subscribed[i + 1], kind) then deliver(subscribed[i], tenant, subject, kind, event) end
  end
end

-- Who holds it and settles it later finds that it is not theirs any more.
local function withdraw_delivery(delivery)
  local key = P .. 'event:' .. delivery
  local tenant = call('HGET', key, 'tenant')
  if not tenant or not unschedule(delivery, tenant) then return end
  call('HINCRBY', key, 'hold', 1)
  call('HSET', key, 'outcome', 'withdrawn')
  call('PEXPIRE', key, RESULTS_MS)
end

-- Of those that wait, the ones in the log. Where more do, `due` leaves them out when their time comes.
local function withdraw_deliveries(id)
  for _, delivery in ipairs(call('ZRANGE', deliveries_key(id), 0, -1)) do withdraw_delivery(delivery) end
end

-- reason: requested | gone (it answered 410) | failing (for long)
local function disable(id, reason)
  local key = endpoint_key(id)
  call('HSET', key, 'disabled', NOW, 'reason', reason)
  call('HDEL', key, 'failing')
  subscribe(id)
  withdraw_deliveries(id)
  if reason == 'requested' then return end
  local n = call('HINCRBY', key, 'notices', 1)
  tell_endpoints(call('HGET', key, 'tenant'), id, 'webhook_endpoint.disabled',
                 'evt_' .. string.match(id, '([^_]+)$') .. string.format('%06x', n))
end

local function enable(id)
  call('HDEL', endpoint_key(id), 'disabled', 'reason', 'failing')
  subscribe(id)
end

local function is_enabled(id)
  local f = call('HMGET', endpoint_key(id), 'tenant', 'disabled')
  return f[1] and not f[2]
end
