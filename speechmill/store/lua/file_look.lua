-- FILE_LOOK: a tenant's file. -> nil | its record
local id, tenant = A[1], A[2]
if call('HGET', file_key(id), 'tenant') ~= tenant then return nil end
return file_record(id)
