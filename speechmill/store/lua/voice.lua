-- VOICE: one voice as its owner sees it, and if it is queued, why it waits. -> nil | {fields, waiting}
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id), 'tenant', 'deleted', 'status', 'spec', 'created', 'version', 'contents', 'output', 'error',
               'phase', 'model', 'class')
if not is_voice(id) or f[1] ~= tenant or f[2] then return nil end
local fields = {f[3], f[4], f[5], f[6], f[7] or '', f[8] or '', f[9] or ''}
if f[3] ~= 'queued' then return {fields} end
return {fields, waiting(id, tenant, queue_of(f[10], f[11], f[12]))}
