-- SETTLED: how one delivery went. -> 1 | 0 (somebody else has tried since)
-- outcome: delivered | again (due in A[4] ms) | dead
local event, hold, outcome, in_ms, note = A[1], A[2], A[3], tonumber(A[4]), A[5]
local key = P .. 'event:' .. event
if call('HGET', key, 'hold') ~= hold then return 0 end
call('HINCRBY', key, 'tries', 1)
call('HINCRBY', key, 'hold', 1)
call('HSET', key, 'outcome', outcome, 'note', note, 'settled', NOW)
tally('deliveries:' .. outcome, 1)
if outcome == 'again' then
  call('ZADD', P .. 'outbox', NOW + in_ms, event)
else
  call('ZREM', P .. 'outbox', event)
  call('PEXPIRE', key, RESULTS_MS)
  if outcome == 'dead' then call('ZADD', P .. 'dead', NOW, event) end
end
return 1
