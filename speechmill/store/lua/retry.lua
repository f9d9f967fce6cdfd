-- RETRY: queue what failed of a failed job, and only that. -> missing | not_failed | done, and bells
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id), 'tenant', 'status', 'phase', 'units', 'cursor', 'characters', 'speak_chars', 'done_chars')
if f[1] ~= tenant then return {'missing', {}} end
if f[2] ~= 'failed' then return {'not_failed', {}} end
move(id, 'queued')
call('HDEL', job_key(id), 'error', 'ended', 'expires', 'started')
call('ZREM', P .. 'expiry', id)
call('ZREM', P .. 'forget', id)
for _, name in ipairs(call('LRANGE', P .. 'again:' .. id, 0, -1)) do call('DEL', unit_key(id .. '/' .. name)) end
local units = tonumber(f[4]) - tonumber(f[5]) + call('LLEN', P .. 'again:' .. id)
local characters = f[3] == 'speak' and tonumber(f[7]) - tonumber(f[8]) or tonumber(f[6])
enqueue(id, units, characters)
record(id, 'speech.job.queued')
return {'done', bells()}
