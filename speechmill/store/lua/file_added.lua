-- FILE_ADDED: a file was uploaded. -> its record | nil (the tenant keeps `most` already)
local id, tenant, name, purpose, bytes, key, life_ms, most = A[1], A[2], A[3], A[4], A[5], A[6], tonumber(A[7]), tonumber(A[8])
if call('EXISTS', file_key(id)) == 0 then
  if call('ZCARD', P .. 'files:' .. tenant) >= most then return nil end
  add_file(id, tenant, name, purpose, bytes, key, NOW + life_ms)
  call('ZADD', P .. 'tenants', 0, tenant)
end
return file_record(id)
