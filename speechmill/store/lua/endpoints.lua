-- ENDPOINTS: a tenant's webhook endpoints, the newest first. -> nil (there is no such one to go on after) | {record, ...}
local tenant, after, limit = A[1], A[2], tonumber(A[3])
local list, first, out = P .. 'endpoints:' .. tenant, 0, {}
if after ~= '' then
  local rank = call('ZREVRANK', list, after)
  if not rank then return nil end
  first = rank + 1
end
for _, id in ipairs(call('ZREVRANGE', list, first, first + limit - 1)) do out[#out + 1] = endpoint_record(id, tenant) end
return out
