-- CHAPTERS: a book with the state of each of its chapters. -> nil | {contents, characters and ms of late, {{fields ...} ...}}
local id, tenant = A[1], A[2]
local f = call('HMGET', job_key(id), 'tenant', 'contents', 'parts', 'lately_chars', 'lately_ms')
if f[1] ~= tenant then return nil end
local out = {}
for n = 1, tonumber(f[3] or '0') do
  out[n] = call('HMGET', job_key(id .. '.' .. n), 'status', 'phase', 'progress', 'characters', 'segments', 'done', 'flagged',
                'cached', 'attempts', 'output', 'error', 'input_key')
end
return {f[2] or '', f[4] or '0', f[5] or '0', out}
