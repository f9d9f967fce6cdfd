-- BATCH_CHUNKS: the names of the objects that lines of a batch were folded into. -> nil (fenced) | {name, ...}
local ref, token = A[1], A[2]
if not owned(ref, token) then return nil end
return call('LRANGE', P .. 'chunks:' .. job_of(ref), 0, -1)
