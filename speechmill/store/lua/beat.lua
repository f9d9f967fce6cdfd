-- BEAT: a worker is alive and holds these units. -> {known, units it no longer owns or should stop...}
-- figures: what it and the engine behind its voice say of themselves, JSON; '' for nothing new.
-- A unit that Redis gave it but it does not name was lost with the reply to its CLAIM: it goes back uncharged.
local worker, reply_ms, figures = A[1], tonumber(A[2]), A[3]
call('DEL', P .. 'room')  -- see sweep.lua: leases must be renewed in a full Redis too
local known = call('EXISTS', P .. 'worker:' .. worker)
call('ZADD', P .. 'workers', NOW, worker)
if known == 1 and figures ~= '' then call('HSET', P .. 'figures', worker, figures) end
local held, lost = {}, {known}
for i = 4, #A, 2 do
  local ref, token = A[i], A[i + 1]
  held[ref] = true
  if owned(ref, token) then
    call('ZADD', P .. 'leases', NOW + LEASE_MS, ref)
    if call('HGET', job_key(job_of(ref)), 'status') == 'cancelling' then lost[#lost + 1] = ref end
  else
    lost[#lost + 1] = ref
  end
end
for _, ref in ipairs(call('SMEMBERS', P .. 'held:' .. worker)) do
  -- Younger than a reply may take: its CLAIM may still be on its way to the worker.
  if not held[ref] and tonumber(call('HGET', unit_key(ref), 'claimed') or '0') < NOW - reply_ms then
    give_back(ref)
  end
end
return lost
