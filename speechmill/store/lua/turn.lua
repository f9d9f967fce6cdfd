-- TURN: may this worker reap now? One at a time over all, and no sooner than the turn before has asked for.
-- -> {turn, where the walk goes on, whether it is due} | {0, ms to wait}
local lease_ms, key = tonumber(A[1]), P .. 'reaper'
local f = call('HMGET', key, 'next', 'cursor', 'walk_at', 'pause')
local wait_ms = tonumber(f[1] or '0') - NOW
if wait_ms > tonumber(f[4] or lease_ms) then wait_ms = 0 end  -- the clock was set back: nobody may wait for ever
if wait_ms > 0 then return {0, wait_ms} end
-- Should it die, the next one begins where it began, when its time is over.
local turn = call('HINCRBY', key, 'turns', 1)
call('HSET', key, 'turn', turn, 'next', NOW + lease_ms, 'pause', lease_ms)
local cursor, due = f[2] or '', NOW >= tonumber(f[3] or '0')
if due and cursor == '' then call('HSET', key, 'begun', NOW) end
return {turn, cursor, due and 1 or 0}
