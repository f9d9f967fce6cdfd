-- DELETE_VOICE: nobody finds it any more. Its objects go when nobody speaks with it, and its record with them (reaped.lua).
-- -> {missing | in_use | free, bells}
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id), 'tenant', 'status', 'deleted')
if not is_voice(id) or f[1] ~= tenant then return {'missing', {}} end
local used = call('EXISTS', P .. 'using:' .. id) == 1
if not f[3] then
  call('HSET', job_key(id), 'deleted', NOW, 'abandoned', 1)  -- its Idempotency-Key makes a new one
  if may(f[2], 'cancelling') or may(f[2], 'cancelled') then stop(id) end
end
unlist(id)
-- One that is being made ends first: `close` then dates it.
if f[2] == 'cancelling' or call('SCARD', P .. 'leased:' .. id) > 0 then used = true end
if not used then call('ZADD', P .. 'expiry', NOW, id) end
return {used and 'in_use' or 'free', bells()}
