-- DELETE: forget an ended job. Its objects are gone already. -> missing | not_ended | done
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id), 'tenant', 'status')
if f[1] ~= tenant or whole_of(id) then return 'missing' end
for _ in pairs(ALLOWED[f[2]]) do
  if f[2] ~= 'failed' then return 'not_ended' end
end
forget(id)
return 'done'
