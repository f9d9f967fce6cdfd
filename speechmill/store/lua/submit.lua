-- SUBMIT: accept a job, once. -> {outcome, job, bells}, and of a new job: when it was accepted (ms), why it waits, limit, characters
-- left of this day; of one that was refused: limit
-- outcome: created | replayed (same Idempotency-Key) | attached (an SDK's retry) | reused (same key, another body) | refused: full
-- (too many wait), busy (too many are queued or in progress), spent (too many characters today), many (voices that are kept)
local id, tenant, class, model, phase, characters, spec = A[1], A[2], A[3], A[4], A[5], tonumber(A[6]), A[7]
local input, input_key, request_id, idempotency, print = A[8], A[9], A[10], A[11], A[12]
local attach, deadline_s, hook, waiter, keep_s = A[13] == '1', A[14], A[15], A[16], A[17]
local idempotency_s, route, traceparent = tonumber(A[19]), A[20], A[21]
local voice_limit, voices = tonumber(A[24]), A[25]

-- The tenant's own limit, else that of the settings; 0 is none.
local day_limit = tonumber(call('HGET', P .. 'tenant:' .. tenant, 'characters_a_day') or A[23])

-- The reply of the first try was lost, and this is the same call again.
if call('EXISTS', job_key(id)) == 1 then
  BELLS[queue_of(phase, model, class)] = true
  return {'created', id, bells()}
end

-- Only a job that nobody was promised, and that every waiter has left, may be abandoned: a 202 is a promise for good.
local function join(outcome, other)
  local waiters = P .. 'waiters:' .. other
  if waiter == '' then
    call('DEL', waiters)
  elseif call('EXISTS', waiters) == 1 then
    call('SADD', waiters, waiter)
  end
  return {outcome, other, {}}
end

local idem_key = P .. 'idem:' .. tenant .. ':' .. route .. ':' .. idempotency
if idempotency ~= '' then
  local seen = call('GET', idem_key)
  if seen then
    local other, other_print = string.match(seen, '^(%S+) (%S+)$')
    if call('EXISTS', job_key(other)) == 1 and call('HEXISTS', job_key(other), 'abandoned') == 0 then
      if other_print ~= print then return {'reused', other, {}} end
      return join('replayed', other)
    end
  end
end

local same_key = P .. 'same:' .. tenant .. ':' .. route .. ':' .. print
if attach and idempotency == '' then
  local other = call('GET', same_key)
  if other then
    local status = call('HGET', job_key(other), 'status')
    local gone = call('HEXISTS', job_key(other), 'deleted') == 1  -- a voice that others speak with still
    if not gone and (status == 'queued' or status == 'in_progress' or status == 'completed') then return join('attached', other) end
  end
end

-- What a book or a batch has in characters is known when it was read (see divided.lua, batch_accepted.lua): it comes in while
-- there is any of the day left.
local charged = (is_book(id) or is_batch(id)) and 0 or characters
local function spent_today() return tonumber(call('HGET', usage_key(tenant, TODAY), 'characters') or '0') end

local refused, limit = no_room(id, tenant, A[18], A[22])
if refused then return {refused, '', {}, limit} end
if day_limit > 0 and spent_today() + math.max(charged, 1) > day_limit then return {'spent', '', {}, day_limit} end

if is_voice(id) and too_many_voices(tenant, voice_limit) then return {'many', '', {}, voice_limit} end

if idempotency ~= '' then call('SET', idem_key, id .. ' ' .. print, 'EX', idempotency_s) end
call('SET', same_key, id, 'EX', 600)
local order = call('INCR', P .. 'order')
call('HSET', job_key(id),
  'tenant', tenant, 'status', 'queued', 'phase', phase, 'class', class, 'model', model, 'spec', spec,
  'characters', characters, 'units', 1, 'cursor', 0, 'queued', 0, 'queued_chars', 0,
  'segments', phase == 'whole' and 1 or 0, 'done', 0, 'flagged', 0, 'speak_chars', characters, 'done_chars', 0,
  'progress', 0, 'attempts', 0, 'version', 1, 'order', order, 'created', NOW, 'request_id', request_id)
if input ~= '' then call('HSET', job_key(id), 'input', input) end
if input_key ~= '' then call('HSET', job_key(id), 'input_key', input_key) end
if hook ~= '' then call('HSET', job_key(id), 'hook', hook) end
if traceparent ~= '' then call('HSET', job_key(id), 'traceparent', traceparent) end
if waiter ~= '' then call('SADD', P .. 'waiters:' .. id, waiter) end
if keep_s ~= '' then call('HSET', job_key(id), 'keep', keep_s) end
if deadline_s ~= '' then
  local deadline = NOW + tonumber(deadline_s) * 1000
  call('HSET', job_key(id), 'deadline', deadline)
  call('ZADD', P .. 'deadlines', deadline, id)
end
use_voices(id, voices)
call('ZADD', list_of(id, tenant), order, id)
call('ZADD', list_of(id, tenant) .. ':queued', order, id)
tally('jobs:accepted', 1)
use(tenant, 'jobs', 1)
use(tenant, 'characters', charged)
enqueue(id, 1, characters)
call('XADD', P .. 'events', 'MAXLEN', '~', 20000, '*',
     'job', id, 'type', is_book(id) and 'book.queued' or is_batch(id) and 'batch.queued' or is_voice(id) and 'voice.queued'
     or 'speech.job.queued', 'status', 'queued', 'progress', 0, 'version', 1)
return {'created', id, bells(), NOW, waiting(id, tenant, queue_of(phase, model, class)), day_limit,
        day_limit > 0 and math.max(0, day_limit - spent_today()) or 0}
