-- LOOK: one job as its client sees it, and if it is queued, why it waits. -> nil | {fields, waiting}
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id),
  'tenant', 'status', 'phase', 'class', 'model', 'version', 'progress', 'characters', 'segments', 'done', 'flagged',
  'attempts', 'spec', 'created', 'started', 'ended', 'cancelled', 'expires', 'deadline', 'request_id', 'output', 'error',
  'plan_key', 'traceparent')
if f[1] ~= tenant then return nil end
if f[2] ~= 'queued' then return {f} end
return {f, waiting(id, tenant, queue_of(f[3], f[5], f[4]))}
