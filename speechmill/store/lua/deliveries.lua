-- DELIVERIES: what went to an endpoint or is about to, the newest first. -> {0} (there is no such endpoint) | {1} (no such delivery
-- to go on after) | {2, {{delivery, subject, type, at, tries, outcome, settled, note, due (ms)}, ...}}
local id, tenant, after, limit = A[1], A[2], A[3], tonumber(A[4])
if not endpoint_record(id, tenant) then return {0} end
local log, first, out = deliveries_key(id), 0, {}
if after ~= '' then
  local rank = call('ZREVRANK', log, after)
  if not rank then return {1} end
  first = rank + 1
end
for _, delivery in ipairs(call('ZREVRANGE', log, first, -1)) do
  if #out == limit then break end
  local f = call('HMGET', P .. 'event:' .. delivery, 'job', 'type', 'at', 'tries', 'outcome', 'settled', 'note')
  if f[1] then
    out[#out + 1] = {delivery, f[1], f[2], f[3], f[4], f[5] or '', f[6] or '', f[7] or '',
                     call('ZSCORE', P .. 'outbox', delivery) or ''}
  else
    call('ZREM', log, delivery)  -- it was settled so long ago that it is no longer kept
  end
end
return {2, out}
