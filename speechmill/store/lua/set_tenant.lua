-- SET_TENANT: a tenant's weight and limits; '' is the default again. -> 1
local tenant, weight = A[1], A[2]
if weight == '' then call('HDEL', P .. 'weights', tenant) else call('HSET', P .. 'weights', tenant, weight) end
for i = 3, #A, 2 do
  if A[i + 1] == '' then call('HDEL', P .. 'tenant:' .. tenant, A[i]) else call('HSET', P .. 'tenant:' .. tenant, A[i], A[i + 1]) end
end
call('ZADD', P .. 'tenants', 0, tenant)
return 1
