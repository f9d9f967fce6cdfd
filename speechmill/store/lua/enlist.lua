-- ENLIST: a worker says what it is and how many units of each queue it takes. -> 1
-- state: warming | ready | draining | gone
local worker, role, host, state = A[1], A[2], A[3], A[4]
local key = P .. 'worker:' .. worker
call('DEL', key)
if state == 'gone' then
  call('ZREM', P .. 'workers', worker)
  call('HDEL', P .. 'figures', worker)
else
  call('ZADD', P .. 'workers', NOW, worker)
  call('HSET', key, 'role', role, 'host', host, 'state', state)
  for i = 5, #A, 2 do call('HSET', key, 'cap:' .. A[i], A[i + 1]) end
end
count_slots()
for i = 5, #A, 2 do BELLS[A[i]] = true end
return bells()
