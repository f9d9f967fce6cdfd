-- DEAD: a tenant's webhook events that were given up, the newest first. -> nil (there is no such event to go on after) |
-- {{event, job, type, at, tries, settled, note, url, endpoint}, ...}
local tenant, after, limit = A[1], A[2], tonumber(A[3])
local first, out = 0, {}
if after ~= '' then
  local rank = call('ZREVRANK', P .. 'dead', after)
  if not rank or call('HGET', P .. 'event:' .. after, 'tenant') ~= tenant then return nil end
  first = rank + 1
end

local function url_of(id, endpoint)
  if endpoint then return call('HGET', endpoint_key(endpoint), 'url') or '' end
  local spec = call('HGET', job_key(whole_of(id) or id), 'spec')  -- a chapter's hook is its book's
  if not spec then return '' end
  local webhook = cjson.decode(spec).webhook
  return type(webhook) == 'table' and webhook.url or ''
end

-- All tenants' lie together: they are few, and the sweep lets them go.
while #out < limit do
  local events = call('ZREVRANGE', P .. 'dead', first, first + 99)
  if #events == 0 then break end
  first = first + #events
  for _, event in ipairs(events) do
    local f = call('HMGET', P .. 'event:' .. event, 'tenant', 'job', 'type', 'at', 'tries', 'settled', 'note', 'endpoint')
    if f[1] == tenant and #out < limit then
      out[#out + 1] = {event, f[2], f[3], f[4], f[5], f[6], f[7] or '', url_of(f[2], f[8]), f[8] or ''}
    end
  end
end
return out
