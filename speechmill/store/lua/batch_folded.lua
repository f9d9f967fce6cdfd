-- BATCH_FOLDED: these lines, which have ended, are written down in an object; they are forgotten here. -> 1 | 0 fenced
local ref, token, chunk = A[1], A[2], A[3]
local id = job_of(ref)
if not owned(ref, token) then return 0 end
local chunks = P .. 'chunks:' .. id
if call('LINDEX', chunks, -1) ~= chunk then call('RPUSH', chunks, chunk) end
for i = 4, #A do
  if call('ZREM', P .. 'ended:' .. id, A[i]) == 1 then forget(id .. '.' .. A[i]) end
end
return 1
