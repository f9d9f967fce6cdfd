-- TENANT: what was said of a tenant. -> {weight, limits as they were named ...}
local tenant = A[1]
return {call('HGET', P .. 'weights', tenant), unpack(call('HMGET', P .. 'tenant:' .. tenant, unpack(A, 2)))}
