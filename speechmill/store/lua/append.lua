-- APPEND: sound of a streamed job, for those who listen to it while it is made. -> 1 | 0 fenced
-- n: the number of this entry in its attempt's stream, from 1. keep: the newest entries that the cap has room for.
local ref, token, n, keep, ttl_ms, sound = A[1], A[2], tonumber(A[3]), tonumber(A[4]), A[5], A[6]
if not owned(ref, token) then return 0 end
local id = job_of(ref)
local stream = P .. 'stream:' .. id .. ':' .. token
local last = call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
-- The reply of the first try was lost, and this is the same call again.
if #last > 0 and tonumber(string.match(last[1][1], '^%d+')) >= n then return 1 end
call('XADD', stream, 'MAXLEN', keep, n .. '-0', 'sound', sound)
call('PEXPIRE', stream, ttl_ms)
if n == 1 then call('HSET', job_key(id), 'streams', token) end
call('PUBLISH', P .. 'streamed', id .. ' ' .. token)
return 1
