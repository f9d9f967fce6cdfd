-- MAKE_KEY: keep a new key, by its SHA-256. -> its record
local id, digest, tenant, name, scopes, expires_in_ms = A[1], A[2], A[3], A[4], A[5], A[6]
if call('EXISTS', key_key(id)) == 0 then
  call('HSET', key_key(id), 'digest', digest, 'tenant', tenant, 'name', name, 'scopes', scopes, 'created', NOW)
  if expires_in_ms ~= '' then call('HSET', key_key(id), 'expires', NOW + tonumber(expires_in_ms)) end
  call('ZADD', P .. 'keys', NOW, id)
  call('ZADD', P .. 'tenants', 0, tenant)
end
return key_record(id)
