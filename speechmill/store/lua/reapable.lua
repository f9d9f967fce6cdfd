-- REAPABLE: ended jobs whose results are out of date. -> {job, tenant, input object, ...}
local out = {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'expiry', '-inf', NOW, 'LIMIT', 0, tonumber(A[1]))) do
  local f = call('HMGET', job_key(id), 'tenant', 'input_key')
  if f[1] then
    out[#out + 1] = id; out[#out + 1] = f[1]; out[#out + 1] = f[2] or ''
  else
    call('ZREM', P .. 'expiry', id)
  end
end
return out
