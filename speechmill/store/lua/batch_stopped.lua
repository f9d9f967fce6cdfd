-- BATCH_STOPPED: stop a few more lines of a batch that is ending. -> {2 (there are more) | 1 | 0 fenced, bells}
local ref, token = A[1], A[2]
if not owned(ref, token) then return {0, bells()} end
return {stop_some(job_of(ref)) and 2 or 1, bells()}
