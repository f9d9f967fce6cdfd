-- FILE_ADDED: a file was uploaded. -> its record
local id, tenant, name, purpose, bytes, key, life_ms = A[1], A[2], A[3], A[4], A[5], A[6], tonumber(A[7])
if call('EXISTS', file_key(id)) == 0 then
  add_file(id, tenant, name, purpose, bytes, key, NOW + life_ms)
  call('ZADD', P .. 'tenants', 0, tenant)
end
return file_record(id)
