-- BEAT: a worker is alive and holds these units. -> {known, units it no longer owns or should stop...}
-- figures: what it and the engine behind its voice say of themselves, JSON; '' for nothing new.
-- A unit that Redis gave it but it does not name was lost with the reply to its CLAIM: it goes back uncharged.
local worker, reply_ms, figures = A[1], tonumber(A[2]), A[3]
call('DEL', P .. 'room')  -- see sweep.lua: leases must be renewed in a full Redis too
local known = call('EXISTS', P .. 'worker:' .. worker)
call('ZADD', P .. 'workers', NOW, worker)
if known == 1 and figures ~= '' then call('HSET', P .. 'figures', worker, figures) end
local held, lost = {}, {known}

-- Many leases in one command: each command would go to the append-only file by itself.
local renewed = {}
local function renew()
  if #renewed > 0 then call('ZADD', P .. 'leases', unpack(renewed)) end
  renewed = {}
end

local status = {}
local function status_of(id)
  if not status[id] then status[id] = call('HGET', job_key(id), 'status') end
  return status[id]
end

for i = 4, #A, 2 do
  local ref, token = A[i], A[i + 1]
  held[ref] = true
  if owned(ref, token) then
    renewed[#renewed + 1] = NOW + LEASE_MS; renewed[#renewed + 1] = ref
    if #renewed >= 1000 then renew() end
    if status_of(job_of(ref)) == 'cancelling' then lost[#lost + 1] = ref end
  else
    lost[#lost + 1] = ref
  end
end
renew()
for _, ref in ipairs(call('SMEMBERS', P .. 'held:' .. worker)) do
  -- Younger than a reply may take: its CLAIM may still be on its way to the worker.
  if not held[ref] and tonumber(call('HGET', unit_key(ref), 'claimed') or '0') < NOW - reply_ms then
    give_back(ref)
  end
end
return lost
