-- CHANGE_ENDPOINT: enabled: '1', '0', or '' for as it is; then fields and their values. -> its record | nil: there is none
local id, tenant, enabled = A[1], A[2], A[3]
if not endpoint_record(id, tenant) then return nil end
for i = 4, #A, 2 do
  call('HSET', endpoint_key(id), A[i], A[i + 1])
  if A[i] == 'url' then call('HDEL', endpoint_key(id), 'failing') end  -- what failed was another address
end
if enabled == '1' then
  enable(id)
elseif enabled == '0' and is_enabled(id) then
  disable(id, 'requested')
else
  subscribe(id)
end
return endpoint_record(id, tenant)
