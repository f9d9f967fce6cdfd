-- DELETE_ENDPOINT: nothing more goes to it, and its log goes. -> 1 | 0 (there is none)
local id, tenant = A[1], A[2]
if not endpoint_record(id, tenant) then return 0 end
for _, delivery in ipairs(call('ZRANGE', deliveries_key(id), 0, -1)) do
  withdraw_delivery(delivery)
  unlist_dead(delivery, tenant)
  call('DEL', P .. 'event:' .. delivery)
end
call('HDEL', P .. 'subscribed:' .. tenant, id)
call('ZREM', P .. 'endpoints:' .. tenant, id)
call('DEL', endpoint_key(id), deliveries_key(id))
return 1
