-- BATCH_ENDED: the next lines of a batch, after a number, that have ended and are not folded yet. -> nil (fenced) |
-- {{number, status, output or '', error or ''}, ...}
local ref, token, after, limit = A[1], A[2], A[3], tonumber(A[4])
local id = job_of(ref)
if not owned(ref, token) then return nil end
local out = {}
for i, n in ipairs(call('ZRANGEBYSCORE', P .. 'ended:' .. id, '(' .. after, '+inf', 'LIMIT', 0, limit)) do
  local f = call('HMGET', job_key(id .. '.' .. n), 'status', 'output', 'error')
  out[i] = {tonumber(n), f[1], f[2] or '', f[3] or ''}
end
return out
