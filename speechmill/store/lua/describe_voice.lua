-- DESCRIBE_VOICE: replace a voice's spec, if it is still the one that its owner saw. -> 1 | 0
local id, tenant, before, after = A[1], A[2], A[3], A[4]
local f = call('HMGET', job_key(id), 'tenant', 'deleted', 'spec')
if not is_voice(id) or f[1] ~= tenant or f[2] then return 0 end
if f[3] == after then return 1 end  -- the reply of the first try was lost
if f[3] ~= before then return 0 end
call('HSET', job_key(id), 'spec', after)
call('HINCRBY', job_key(id), 'version', 1)
return 1
