-- TEST_ENDPOINT: an event that tells of nothing but the endpoint itself, to it alone. -> {missing | disabled | done, bells}
local id, tenant, event = A[1], A[2], A[3]
if not endpoint_record(id, tenant) then return {'missing', {}} end
if not is_enabled(id) then return {'disabled', {}} end
if call('EXISTS', P .. 'event:' .. event .. '_' .. id) == 0 then deliver(id, tenant, id, 'webhook.test', event) end
BELLS['deliver'] = true
return {'done', bells()}
