-- STREAMING: which attempt of a streamed job is heard. -> {its token or 0, 1 while it holds the lease}
local id = A[1]
local token = call('HGET', job_key(id), 'streams')
return {tonumber(token or '0'), token and owned(id .. '/whole', token) and 1 or 0}
