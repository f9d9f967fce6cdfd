-- RETRY: queue what failed of a failed job, and only that. -> {outcome, bells}, and where it was refused: limit
-- outcome: done | missing | not_failed | expired | refused, as SUBMIT refuses: full, busy
local id, tenant, traceparent = A[1], A[2], A[3]
local f = call('HMGET', job_key(id), 'tenant', 'status', 'expires')
if f[1] ~= tenant or whole_of(id) then return {'missing', {}} end
if f[2] ~= 'failed' then return {'not_failed', {}} end
if tonumber(f[3]) <= NOW then return {'expired', {}} end
local refused, limit = no_room(id, tenant, A[4], A[5])
if refused then return {refused, {}, limit} end
if traceparent ~= '' then call('HSET', job_key(id), 'traceparent', traceparent) end
again(id)
return {'done', bells()}
