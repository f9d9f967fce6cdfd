-- TURNED: a reaper's turn is over. -> 1 | 0 (it was over before)
-- outcome: on (the walk goes on behind `cursor`) | round (it has come to its end) | broken (it did not get through)
-- After it: (kind, objects, bytes, ...) that were deleted.
local turn, outcome, cursor, pause_ms, round_ms, key = A[1], A[2], A[3], tonumber(A[4]), tonumber(A[5]), P .. 'reaper'
if call('HGET', key, 'turn') ~= turn then return 0 end
call('HDEL', key, 'turn')
call('HSET', key, 'next', NOW + pause_ms, 'pause', pause_ms)
if outcome == 'on' then call('HSET', key, 'cursor', cursor) end
if outcome == 'round' then
  call('HSET', key, 'cursor', '', 'walk_at', tonumber(call('HGET', key, 'begun') or NOW) + round_ms)
end
-- Of a turn that broke off, a deletion may still be on its way: what it condemned stays condemned until that is too old.
if outcome ~= 'broken' then call('DEL', P .. 'condemned') end
for i = 6, #A, 3 do
  tally('reaped:' .. A[i], A[i + 1])
  tally('reaped_bytes:' .. A[i], A[i + 2])
end
return 1
