-- SETTLED: how one delivery went. -> 1 | 0 (somebody else has tried since, or it was withdrawn)
-- outcome: delivered | again (due in A[4] ms) | dead
-- fault: what is to be said of its receiver: '' (nothing) | failing | gone (it wants no more)
local event, hold, outcome, in_ms, note, fault, patience_ms = A[1], A[2], A[3], tonumber(A[4]), A[5], A[6], tonumber(A[7])
local key = P .. 'event:' .. event
if call('HGET', key, 'hold') ~= hold then return 0 end
local tenant = call('HGET', key, 'tenant')
call('HINCRBY', key, 'tries', 1)
call('HINCRBY', key, 'hold', 1)
call('HSET', key, 'outcome', outcome, 'note', note, 'settled', NOW)
tally('deliveries:' .. outcome, 1)
if outcome == 'again' then
  schedule(event, tenant, NOW + in_ms)
else
  unschedule(event, tenant)
  call('PEXPIRE', key, RESULTS_MS)
  if outcome == 'dead' then list_dead(event, tenant) end
end

-- An endpoint that has taken nothing for long is disabled, and one that wants no more at once.
local function judge(endpoint)
  local record = endpoint_key(endpoint)
  if outcome == 'delivered' then
    call('HDEL', record, 'failing')
  elseif fault == 'gone' then
    disable(endpoint, 'gone')
  elseif fault == 'failing' then
    call('HSETNX', record, 'failing', NOW)
    if patience_ms > 0 and NOW - call('HGET', record, 'failing') >= patience_ms then disable(endpoint, 'failing') end
  end
end

local endpoint = call('HGET', key, 'endpoint')
if endpoint and is_enabled(endpoint) then judge(endpoint) end
return 1
