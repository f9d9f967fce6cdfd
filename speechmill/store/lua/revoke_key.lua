-- REVOKE_KEY: from now on it is refused. Its record stays. -> nil (no such key) | its record
local id = A[1]
if call('EXISTS', key_key(id)) == 0 then return nil end
call('HSETNX', key_key(id), 'revoked', NOW)
return key_record(id)
