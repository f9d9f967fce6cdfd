-- BATCH_STATE: what a batch has beside what every job has. -> nil | {fields}
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id), 'tenant', 'lines', 'completed', 'failed', 'line_chars', 'ending', 'ending_at', 'begun_at',
               'finishing_at', 'files', 'rejected')
if f[1] ~= tenant then return nil end
return f
