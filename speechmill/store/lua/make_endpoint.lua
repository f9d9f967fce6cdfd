-- MAKE_ENDPOINT: a new webhook endpoint. -> its record | nil: the tenant has as many as it may
local id, tenant, url, events, description, metadata, limit = A[1], A[2], A[3], A[4], A[5], A[6], tonumber(A[7])
if call('EXISTS', endpoint_key(id)) == 0 then
  if limit > 0 and call('ZCARD', P .. 'endpoints:' .. tenant) >= limit then return nil end
  call('HSET', endpoint_key(id), 'tenant', tenant, 'url', url, 'events', events, 'description', description, 'metadata', metadata,
       'created', NOW, 'generation', 1)
  call('ZADD', P .. 'endpoints:' .. tenant, NOW, id)
  subscribe(id)
end
return endpoint_record(id, tenant)
