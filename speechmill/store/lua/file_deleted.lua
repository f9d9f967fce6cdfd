-- FILE_DELETED: the bytes of a file are gone; so is its record. -> 1 | 0 (there was none of this tenant's)
local id, tenant = A[1], A[2]
local f = call('HMGET', file_key(id), 'tenant', 'purpose')
if f[1] ~= tenant then return 0 end
call('ZREM', P .. 'files:' .. tenant, id)
call('ZREM', P .. 'files:' .. tenant .. ':' .. f[2], id)
call('ZREM', P .. 'file_expiry', id)
call('DEL', file_key(id))
return 1
