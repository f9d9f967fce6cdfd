-- BATCH_FEEDING: what whoever holds the feed or finish unit of a batch has to know. -> nil (fenced) | {lines, opened, open, characters
-- of those, ending or '', object with the lines, slots of all speech workers for batch work}
local ref, token = A[1], A[2]
local id = job_of(ref)
if not owned(ref, token) then return nil end
local f = call('HMGET', job_key(id), 'lines', 'opened', 'open_chars', 'ending', 'plan_key')
local slots, capacity = 0, call('HGETALL', P .. 'capacity')
for i = 1, #capacity, 2 do
  if string.match(capacity[i], '^speech:.*:batch$') then slots = slots + tonumber(capacity[i + 1]) end
end
return {tonumber(f[1]), tonumber(f[2]), call('ZCARD', P .. 'open:' .. id), tonumber(f[3]), f[4] or '', f[5], slots}
