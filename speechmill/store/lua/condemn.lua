-- CONDEMN: which of these shared objects are about to be deleted? -> {key, ...}
-- (tenant, kind, age in ms, key, ...): all of them have not been used for long. Those stay that a living job may have found, and
-- those that somebody has asked for since (spare.lua). Who asks for the others from now on waits until they are gone.
local slack_ms, life_ms, condemned = tonumber(A[1]), tonumber(A[2]), P .. 'condemned'
local RUNS, WAITS_OR_RUNS = {'in_progress', 'cancelling'}, {'queued', 'in_progress', 'cancelling'}
-- Whose jobs use them. A segment is looked up by a worker; a voice to clone and a book's file are named by jobs that wait for one.
local STATUSES = {segments = RUNS, references = WAITS_OR_RUNS, sources = WAITS_OR_RUNS}

local lives = {}
-- Age of the oldest job that may use objects of this kind, ms.
local function longest_life(tenant, kind)
  local known = lives[tenant .. '/' .. kind]
  if known then return known end
  local longest = 0
  for _, status in ipairs(STATUSES[kind]) do
    for _, list in ipairs({'jobs:', 'books:', 'batches:'}) do
      local id = call('ZRANGE', P .. list .. tenant .. ':' .. status, 0, 0)[1]
      if id then longest = math.max(longest, NOW - tonumber(call('HGET', job_key(id), 'created') or NOW)) end
    end
  end
  lives[tenant .. '/' .. kind] = longest
  return longest
end

local out = {}
for i = 3, #A, 4 do
  local tenant, kind, age_ms, key = A[i], A[i + 1], tonumber(A[i + 2]), A[i + 3]
  if age_ms > longest_life(tenant, kind) + slack_ms and call('EXISTS', P .. 'spared:' .. key) == 0 then
    out[#out + 1] = key
    call('SADD', condemned, key)
  end
end
call('PEXPIRE', condemned, life_ms)
return out
