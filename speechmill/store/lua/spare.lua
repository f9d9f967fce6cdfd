-- SPARE: somebody is about to use a shared object that has not been used for long. -> 1 | 0 (it is being deleted; ask again)
local key, life_ms = A[1], A[2]
if call('SISMEMBER', P .. 'condemned', key) == 1 then return 0 end
call('SET', P .. 'spared:' .. key, '1', 'PX', life_ms)
return 1
