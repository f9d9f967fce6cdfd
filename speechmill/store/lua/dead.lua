-- DEAD: a tenant's webhook events that were given up, the newest first. -> nil (there is no such event to go on after) |
-- {{event, job, type, at, tries, settled, note, url, endpoint}, ...}
local tenant, after, limit = A[1], A[2], tonumber(A[3])
local list, first, out = dead_key(tenant), 0, {}
call('ZREMRANGEBYSCORE', list, '-inf', '(' .. NOW - RESULTS_MS)
if after ~= '' then
  local rank = call('ZREVRANK', list, after)
  if not rank then return nil end
  first = rank + 1
end

local function url_of(id, endpoint)
  if endpoint then return call('HGET', endpoint_key(endpoint), 'url') or '' end
  local spec = call('HGET', job_key(whole_of(id) or id), 'spec')  -- a chapter's hook is its book's
  if not spec then return '' end
  local webhook = cjson.decode(spec).webhook
  return type(webhook) == 'table' and webhook.url or ''
end

for _, event in ipairs(call('ZREVRANGE', list, first, first + limit - 1)) do
  local f = call('HMGET', P .. 'event:' .. event, 'job', 'type', 'at', 'tries', 'settled', 'note', 'endpoint')
  if f[1] then
    out[#out + 1] = {event, f[1], f[2], f[3], f[4], f[5], f[6] or '', url_of(f[1], f[7]), f[7] or ''}
  end
end
return out
