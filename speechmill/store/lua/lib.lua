-- What every script starts with: the key layout, the clock, and the few moves that the verbs are made of.
--
-- A queue is named role[:model]:class, e.g. speech:espeak:batch, cpu:interactive. A unit is named <job>/<unit>, where unit is
-- plan, finish, whole or a segment number. All keys stand behind the prefix in KEYS[1].
--
--   order                      counter  of accepted jobs; lists are sorted by it
--   fence                      counter  the newest fencing token
--   job:<job>                  hash     the job's record (fields: see submit.lua, and of one with parts: see divided.lua)
--   index:<job>                string   8 bytes a segment: its line in the plan object (u32 offset, u16 bytes), u16 characters
--   segments:<job>             hash     segment number -> JSON record of its accepted take
--   again:<job>                list     units that were claimed before and wait again; they go before the cursor
--   leased:<job>               set      units of this job under a lease
--   suspected:<job>            set      units of this job in a suspect queue
--   waiters:<job>              set      sync clients that wait for it; none, once somebody was promised the job by a 202
--   unit:<unit>                hash     token, owner, queue, characters, attempt, tries; of a suspect: group, and crashes, JSON: those
--                                       in which nothing ran beside it. From the first claim to the end
--   leases                     zset     unit -> when its lease ends, ms
--   held:<worker>              set      units that this worker leases
--   ring:<queue>               zset     tenant -> start tag (weighted fair queueing, cost in characters)
--   ring:<queue>:<tenant>      zset     job -> tag within the tenant
--   clock:<queue>[:<tenant>]   string   virtual time of that ring
--   tags:<queue>               hash     tenant with nothing queued -> the tag it left with
--   waits:<queue>              zset     job in the ring, or unit of a suspect queue -> since when none of it was claimed, ms
--   incidents                  counter  of workers and engines that died with units in flight
--   suspects:<queue>           list     groups of a suspect queue; the next one stands last
--   group:<group>              list     units that wait to run at the same time, in one worker; <incident>.<number>
--   depth, backlog, leased     hash     queue -> units queued, characters queued, units leased
--   capacity, warming          hash     queue -> slots of ready workers, of workers that still warm up
--   weights                    hash     tenant -> weight; 1 where there is none
--   tenants                    zset     names of all that have a key, limits of their own, or ever had a job; all scores 0
--   tenant:<tenant>            hash     jobs, queued_jobs, characters_a_day, requests_a_minute, where not the settings' (0: no limit)
--   minute:<tenant>            hash     level, at: its token bucket of requests, for two minutes (see admit.lua)
--   usage:<tenant>:<day>       hash     jobs, characters, spoken_characters, audio_ms; days from 1970-01-01, UTC, kept for 400
--   keys                       zset     id of an API key -> when it was made, ms
--   key:<id>                   hash     digest (SHA-256), tenant, name, scopes, created, used, expires, revoked
--   jobs:<tenant>[:<status>]   zset     job -> order
--   books:<tenant>[:<status>]  zset     the same of books; their chapters, <book>.<number>, are in no list
--   batches:<tenant>[:<status>]  zset   the same of batches, and their lines, <batch>.<number>
--   open:<batch>               zset     numbers of the lines that were opened and have not ended (see lines.lua)
--   ended:<batch>              zset     numbers of those that have ended and are not folded yet
--   chunks:<batch>             list     the objects that ended lines were folded into: a part of each one's name
--   file:<file>                hash     tenant, name, purpose, bytes, key, created, expires (ms)
--   files:<tenant>[:<purpose>] zset     file -> order
--   file_expiry                zset     file -> when it goes, ms
--   voices:<tenant>[:<status>] zset    the same of voices of one's own
--   using:<voice>              set      jobs that speak with it and have not ended (see voices.lua)
--   idem:<tenant>:<route>:<key>          string  "<job> <fingerprint>"
--   same:<tenant>:<route>:<fingerprint>  string  job, for ten minutes: what an SDK's retry attaches to
--   deadlines, expiry, forget  zset     job -> when it must have ended, its results go, its record goes, ms
--   events                     stream   the event log, capped
--   stream:<job>:<token>       stream   encoded sound of an attempt that is listened to, capped, for a short while (see append.lua)
--   outbox                     zset     event -> when it is to be delivered next, ms
--   outbox:<tenant>            zset     the same of one tenant
--   outboxes                   zset     tenant -> when its first event is due, or when it was last handed one if that is later, ms
--   posting:<tenant>           zset     its events that are being delivered -> when their hold ends, ms
--   event:<event>              hash     job, tenant, type, at, tries, ...; endpoint, of a delivery to one: <event>_<endpoint>
--   endpoint:<endpoint>        hash     tenant, url, events, description, metadata, created, generation and older (of its secrets),
--                                       disabled (ms) and reason, failing (since, ms), notices
--   endpoints:<tenant>         zset     webhook endpoint -> when it was made, ms
--   subscribed:<tenant>        hash     endpoint that is enabled -> the types it wants (see subscriptions.lua)
--   deliveries:<endpoint>      zset     delivery -> when its event happened, the newest 1,000
--   dead                       zset     event -> when its last try failed, ms
--   dead:<tenant>              zset     the same of one tenant
--   workers                    zset     worker -> last beat, ms
--   worker:<worker>            hash     role, host, state, cap:<queue> -> slots
--   figures                    hash     worker -> JSON: what it and its engine said of themselves with the last beat
--   catalogue                  hash     model -> JSON
--   stats                      hash     counters for /metrics (numbers.py reads them)
--   reaper                     hash     turn, turns, next (turn, ms), cursor, begun, walk_at (see turn.lua)
--   condemned                  set      shared objects that are being deleted
--   spared:<object>            string   somebody uses it again: it is not to be deleted
--   sweeping, swept, amnesty   string   somebody sweeps now; when the last sweep was, ms; no lease ends while it is there
--   celery:<queue>             list     Celery's own: the doorbells that wait
-- and two channels. stop: the id of a job whose units should stop. streamed: "<job> <token>", whose stream has grown.

local P = KEYS[1]
local LEASE_MS, MAX_CRASHES, MAX_TRIES, DOORBELLS = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local RESULTS_MS, RECORDS_MS = tonumber(ARGV[5]), tonumber(ARGV[6])
local A = {}
for i = 7, #ARGV do A[i - 6] = ARGV[i] end  -- unpack() ends at 8,000 values, and a beat may name more

local call = redis.call
local TIME = call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)

-- A job enters its tenant's ring as if a full segment of it had been served: first come, first served among first units, and no
-- stream of newcomers can hold back a job that is already there.
local ENTRY_COST = 280
local HEARD_MS = 10000    -- how long the sound of a streamed job stays in Redis when it has ended: storage has it, too

local BELLS = {}

local function tally(field, n)
  if tonumber(n) ~= 0 then call('HINCRBY', P .. 'stats', field, n) end  -- each write goes to the append-only file
end

-- What a tenant uses, by day.
local TODAY = math.floor(NOW / 86400000)
local function usage_key(tenant, day) return P .. 'usage:' .. tenant .. ':' .. day end

local function use(tenant, field, n)
  if tonumber(n) == 0 then return end
  local key = usage_key(tenant, TODAY)
  call('HINCRBY', key, field, n)
  if call('HLEN', key) == 1 then
    call('PEXPIRE', key, 400 * 86400000)
    call('ZADD', P .. 'tenants', 0, tenant)
  end
end

local function key_key(id) return P .. 'key:' .. id end
local function key_record(id)
  return {id, unpack(call('HMGET', key_key(id), 'tenant', 'name', 'scopes', 'created', 'used', 'expires', 'revoked'))}
end

-- A duration into a histogram: its sum, and one more in the bucket whose bound it does not exceed.
local function observe(what, class, ms)
  local bucket = 'inf'
  for _, bound in ipairs(BOUNDS_MS) do
    if ms <= bound then bucket = bound break end
  end
  tally(what .. ':' .. class .. ':sum', ms)
  tally(what .. ':' .. class .. ':' .. bucket, 1)
end

local function job_key(id) return P .. 'job:' .. id end
local function unit_key(ref) return P .. 'unit:' .. ref end
local function job_of(ref) return string.match(ref, '^(.*)/') end
local function whole_of(id) return string.match(id, '^(.*)%.%d+$') end  -- the job that this one is a part of, or nil
local function is_book(id) return string.match(id, '^book_') ~= nil end
local function book_of(id) return is_book(id) and whole_of(id) or nil end  -- the book that this chapter is of, or nil
local function is_voice(id) return string.match(id, '^voice_') ~= nil end
local function is_batch(id) return string.match(id, '^batch_') ~= nil end
local function list_of(id, tenant)
  return P .. (is_book(id) and 'books:' or is_batch(id) and 'batches:' or is_voice(id) and 'voices:' or 'jobs:') .. tenant
end
local function name_of(ref) return string.match(ref, '([^/]*)$') end

local function queue_of(phase, model, class)
  if phase == 'plan' or phase == 'finish' or phase == 'feed' then return 'cpu:' .. class end
  return 'speech:' .. model .. ':' .. class
end

local function suspect_queue(queue) return (string.gsub(queue, '[^:]+$', 'suspect')) end

-- A bell for each unit: were all that wait rung for again, a burst of jobs would ring with the square of their number.
local function ring_for(queue, units)
  if BELLS[queue] ~= true then BELLS[queue] = (BELLS[queue] or 0) + units end
end

local function count(queue, units, characters)
  call('HINCRBY', P .. 'depth', queue, units)
  call('HINCRBY', P .. 'backlog', queue, characters)
  if units > 0 then ring_for(queue, units) end
end

-- Of all workers that are ready, for one queue.
local function slots_of(queue) return tonumber(call('HGET', P .. 'capacity', queue) or '0') end

-- Which doorbells to send: {queue, times, ...}. Never more than could find work, a free slot, and room in Celery's queue.
local function bells()
  local out = {}
  for queue, wanted in pairs(BELLS) do
    local n
    if queue == 'deliver' then
      n = call('ZCOUNT', P .. 'outbox', '-inf', NOW)
    else
      n = tonumber(call('HGET', P .. 'depth', queue) or '0')
      local slots = slots_of(queue)
      if slots > 0 then n = math.min(n, slots - tonumber(call('HGET', P .. 'leased', queue) or '0')) end
    end
    n = math.min(n, DOORBELLS) - call('LLEN', P .. 'celery:' .. queue)
    if wanted ~= true then n = math.min(n, wanted) end
    if n > 0 then out[#out + 1] = queue; out[#out + 1] = n end
  end
  return out
end

-- Weighted fair queueing ---------------------------------------------------------------------------------------------------

local function ring_add(queue, tenant, id)
  local ring = P .. 'ring:' .. queue
  local jobs = ring .. ':' .. tenant
  if call('ZSCORE', jobs, id) then return end
  call('ZADD', jobs, tonumber(call('GET', P .. 'clock:' .. queue .. ':' .. tenant) or '0') + ENTRY_COST, id)
  call('ZADD', P .. 'waits:' .. queue, NOW, id)
  if not call('ZSCORE', ring, tenant) then
    local tag = tonumber(call('HGET', P .. 'tags:' .. queue, tenant) or '0')
    call('HDEL', P .. 'tags:' .. queue, tenant)
    call('ZADD', ring, math.max(tag, tonumber(call('GET', P .. 'clock:' .. queue) or '0')), tenant)
  end
end

local function ring_drop(queue, tenant, id)
  local ring = P .. 'ring:' .. queue
  local jobs = ring .. ':' .. tenant
  call('ZREM', jobs, id)
  call('ZREM', P .. 'waits:' .. queue, id)
  if call('ZCARD', jobs) == 0 then
    call('DEL', P .. 'clock:' .. queue .. ':' .. tenant)
    local tag = call('ZSCORE', ring, tenant)
    if tag then
      call('HSET', P .. 'tags:' .. queue, tenant, tag)
      call('ZREM', ring, tenant)
    end
  end
end

-- The event log and the outbox ---------------------------------------------------------------------------------------------

local tell_endpoints  -- see subscriptions.lua

local function outbox_key(tenant) return P .. 'outbox:' .. tenant end
local function posting_key(tenant) return P .. 'posting:' .. tenant end
local function dead_key(tenant) return P .. 'dead:' .. tenant end

-- After a change in a tenant's outbox. Who has an event due keeps its place in line; who has none stands where the next one is due.
local function line_up(tenant)
  local first = call('ZRANGE', outbox_key(tenant), 0, 0, 'WITHSCORES')[2]
  if not first then return call('ZREM', P .. 'outboxes', tenant) end
  local turn = tonumber(call('ZSCORE', P .. 'outboxes', tenant) or '-1')
  if turn < tonumber(first) or turn > NOW then call('ZADD', P .. 'outboxes', first, tenant) end
end

-- This event is to be delivered then; nobody is at it.
local function schedule(event, tenant, at_ms)
  call('ZADD', P .. 'outbox', at_ms, event)
  call('ZADD', outbox_key(tenant), at_ms, event)
  call('ZREM', posting_key(tenant), event)
  line_up(tenant)
end

-- -> whether it waited, or somebody was at it
local function unschedule(event, tenant)
  if call('ZREM', P .. 'outbox', event) == 0 then return false end
  call('ZREM', outbox_key(tenant), event)
  call('ZREM', posting_key(tenant), event)
  line_up(tenant)
  return true
end

local function list_dead(event, tenant)
  local list = dead_key(tenant)
  call('ZADD', P .. 'dead', NOW, event)
  call('ZADD', list, NOW, event)
  call('ZREMRANGEBYSCORE', list, '-inf', '(' .. NOW - RESULTS_MS)  -- settled.lua lets their events end then
  call('PEXPIRE', list, 2 * RESULTS_MS)                            -- of one that is never added to again
end

local function unlist_dead(event, tenant)
  call('ZREM', P .. 'dead', event)
  call('ZREM', dead_key(tenant), event)
end

local function record(id, kind)
  if is_book(id) then kind = string.gsub(kind, '^speech%.job', whole_of(id) and 'book.chapter' or 'book') end
  if is_batch(id) then
    if whole_of(id) then return end  -- nobody looks at a line: its batch tells of it when it is folded
    kind = string.gsub(kind, '^speech%.job', 'batch')
  end
  if is_voice(id) then kind = string.gsub(kind, '^speech%.job', 'voice') end
  local version = call('HINCRBY', job_key(id), 'version', 1)
  local f = call('HMGET', job_key(id), 'status', 'progress', 'tenant', 'hook')
  call('XADD', P .. 'events', 'MAXLEN', '~', 20000, '*',
       'job', id, 'type', kind, 'status', f[1], 'progress', f[2], 'version', version)
  -- No dot in it: Standard Webhooks sign <event>.<time>.<body>.
  local event = 'evt_' .. string.gsub(string.match(id, '([^_]+)$'), '%.', 'p') .. string.format('%06x', version)
  if f[4] and f[4] ~= '' and string.find(',' .. f[4] .. ',', ',' .. kind .. ',', 1, true) then
    call('HSET', P .. 'event:' .. event, 'job', id, 'tenant', f[3], 'type', kind, 'at', NOW, 'tries', 0)
    schedule(event, f[3], NOW)
    BELLS['deliver'] = true
  end
  tell_endpoints(f[3], id, kind, event)
end

-- Jobs ---------------------------------------------------------------------------------------------------------------------

-- ALLOWED stands above this file: it is speechmill.job.TRANSITIONS. Callers check first; this catches a bug before it writes.
local function may(from, to) return ALLOWED[from] and ALLOWED[from][to] end

local function move(id, to)
  local f = call('HMGET', job_key(id), 'status', 'tenant', 'order')
  if not may(f[1], to) then error('no transition from ' .. tostring(f[1]) .. ' to ' .. to) end
  if not whole_of(id) then
    call('ZREM', list_of(id, f[2]) .. ':' .. f[1], id)
    call('ZADD', list_of(id, f[2]) .. ':' .. to, f[3], id)
  end
  call('HSET', job_key(id), 'status', to)
end

-- Put `units` units of the job's present phase into its queue.
local function enqueue(id, units, characters)
  local f = call('HMGET', job_key(id), 'tenant', 'phase', 'model', 'class')
  local queue = queue_of(f[2], f[3], f[4])
  call('HINCRBY', job_key(id), 'queued', units)
  call('HINCRBY', job_key(id), 'queued_chars', characters)
  count(queue, units, characters)
  ring_add(queue, f[1], id)
end

local function enter_phase(id, phase, units, characters)
  call('HSET', job_key(id), 'phase', phase, 'units', units, 'cursor', 0)
  call('DEL', P .. 'again:' .. id)
  enqueue(id, units, characters)
end

-- Take every queued unit of the job out of the queues, suspects too. They stay in `again`, for /retry.
local function withdraw(id)
  local f = call('HMGET', job_key(id), 'tenant', 'phase', 'model', 'class', 'queued', 'queued_chars')
  local queue = queue_of(f[2], f[3], f[4])
  ring_drop(queue, f[1], id)
  count(queue, 0 - tonumber(f[5]), 0 - tonumber(f[6]))  -- 0 - x: Lua would print -0, which HINCRBY refuses
  local suspects = suspect_queue(queue)
  for _, ref in ipairs(call('SMEMBERS', P .. 'suspected:' .. id)) do
    local group = call('HGET', unit_key(ref), 'group')
    call('LREM', P .. 'group:' .. group, 0, ref)
    if call('EXISTS', P .. 'group:' .. group) == 0 then call('LREM', P .. 'suspects:' .. suspects, 0, group) end
    call('ZREM', P .. 'waits:' .. suspects, ref)
    count(suspects, -1, 0 - tonumber(call('HGET', unit_key(ref), 'characters')))
    call('RPUSH', P .. 'again:' .. id, name_of(ref))
  end
  call('DEL', P .. 'suspected:' .. id)
  call('HSET', job_key(id), 'queued', 0, 'queued_chars', 0)
end

-- End a lease, whoever held it. Without its token, nobody can commit this unit.
-- how: done | failed | returned (undone, uncharged) | crashed | stopped (its job has ended)
local function unlease(ref, how)
  local f = call('HMGET', unit_key(ref), 'queue', 'owner', 'token')
  if not f[3] then return end
  call('HDEL', unit_key(ref), 'token')
  call('ZREM', P .. 'leases', ref)
  call('SREM', P .. 'held:' .. f[2], ref)
  call('SREM', P .. 'leased:' .. job_of(ref), ref)
  call('HINCRBY', P .. 'leased', f[1], -1)
  tally('units:' .. how, 1)
  -- Nobody may have been rung for a unit that came while this lease stood, and a wrap-up looks for no more when it is done.
  if string.match(f[1], '^speech:') then ring_for(f[1], 1) end
end

local function owned(ref, token) return call('HGET', unit_key(ref), 'token') == token end

-- Until when a job that ends now keeps its results. -> ms, or nil: until it is deleted
local function expiry_of(id, status)
  if is_voice(id) and call('HEXISTS', job_key(id), 'deleted') == 1 then return NOW end
  if is_voice(id) and status == 'completed' then return nil end
  local keep_s = tonumber(call('HGET', job_key(id), 'keep') or '')
  return NOW + (keep_s and keep_s * 1000 or RESULTS_MS)
end

-- The end of a job: nothing of it stays queued or leased, its event is written, and its results get their date.
local part_ended, end_parts, skip, is_skippable  -- of jobs that have parts: see parts.lua
local use_voices, free_voices                    -- see voices.lua
local line_ended, drop_lines, wind_down          -- of batches: see lines.lua
local function close(id, status, error_json)
  withdraw(id)
  local running = call('SMEMBERS', P .. 'leased:' .. id)
  for _, ref in ipairs(running) do
    unlease(ref, 'stopped')
    call('RPUSH', P .. 'again:' .. id, name_of(ref))
  end
  -- /retry needs their names only.
  for _, name in ipairs(call('LRANGE', P .. 'again:' .. id, 0, -1)) do call('DEL', unit_key(id .. '/' .. name)) end
  move(id, status)
  call('HSET', job_key(id), 'ended', NOW)
  if status == 'cancelled' then call('HSET', job_key(id), 'cancelled', NOW) end
  if status == 'completed' then call('HSET', job_key(id), 'progress', 100) end
  if error_json ~= '' then call('HSET', job_key(id), 'error', error_json) end
  if status == 'failed' then tally('failures:' .. cjson.decode(error_json).code, 1) end
  call('ZREM', P .. 'deadlines', id)
  local expires = not whole_of(id) and expiry_of(id, status)
  if expires then
    call('HSET', job_key(id), 'expires', expires)
    call('ZADD', P .. 'expiry', expires, id)
  end
  free_voices(id)
  local heard = call('HGET', job_key(id), 'streams')
  if heard then call('PEXPIRE', P .. 'stream:' .. id .. ':' .. heard, HEARD_MS) end
  tally((whole_of(id) and 'parts:' or 'jobs:') .. status, 1)
  local f = call('HMGET', job_key(id), 'started', 'class')
  if f[1] then observe('run', f[2], NOW - f[1]) end
  if #running > 0 then call('PUBLISH', P .. 'stop', id) end
  record(id, 'speech.job.' .. status)
  end_parts(id, status, error_json)
  part_ended(id, status, error_json)
end

-- A cancelled job is over when its last lease is, and its last part.
local function end_if_cancelled(id)
  local f = call('HMGET', job_key(id), 'status', 'running')
  if f[1] == 'cancelling' and call('SCARD', P .. 'leased:' .. id) == 0 and (f[2] or '0') == '0' then
    close(id, 'cancelled', '')
    return true
  end
  return false
end

-- Where a unit that was in flight when a worker died waits, with its group.
local function suspect(ref)
  local id = job_of(ref)
  local f = call('HMGET', job_key(id), 'phase', 'model', 'class')
  local queue = suspect_queue(queue_of(f[1], f[2], f[3]))
  local u = call('HMGET', unit_key(ref), 'group', 'characters')
  if call('RPUSH', P .. 'group:' .. u[1], ref) == 1 then call('LPUSH', P .. 'suspects:' .. queue, u[1]) end
  call('ZADD', P .. 'waits:' .. queue, NOW, ref)
  call('SADD', P .. 'suspected:' .. id, ref)
  count(queue, 1, tonumber(u[2]))
end

-- Give a unit back to its queue, as if it had not been claimed. A suspect stays one: nobody has shown that it is harmless.
local function requeue(ref)
  if call('HEXISTS', unit_key(ref), 'group') == 1 then return suspect(ref) end
  local id = job_of(ref)
  local characters = call('HGET', unit_key(ref), 'characters')
  call('RPUSH', P .. 'again:' .. id, name_of(ref))
  enqueue(id, 1, tonumber(characters))
end

-- A leased unit that was not worked on after all: back to its queue, uncharged, unless its job no longer wants it.
local function give_back(ref)
  local id = job_of(ref)
  unlease(ref, 'returned')
  if not end_if_cancelled(id) and call('HGET', job_key(id), 'status') == 'in_progress' then
    requeue(ref)
  else
    call('DEL', unit_key(ref))
  end
end

-- A unit whose worker died, or whose engine did. -> whether it is to run again
local function crash(ref)
  local id = job_of(ref)
  unlease(ref, 'crashed')
  if not end_if_cancelled(id) and call('HGET', job_key(id), 'status') == 'in_progress' then return true end
  call('DEL', unit_key(ref))
  return false
end

-- Nothing ran beside this unit: nobody else can be to blame. -> whether its job failed for it
local function charge(ref, incident)
  local f = call('HMGET', unit_key(ref), 'crashes', 'owner')
  local crashes = cjson.decode(f[1] or '[]')
  crashes[#crashes + 1] = {incident = incident, at_ms = NOW, worker = f[2]}
  if #crashes < MAX_CRASHES then
    call('HSET', unit_key(ref), 'crashes', cjson.encode(crashes))
    return false
  end
  local id, name = job_of(ref), name_of(ref)
  local error_json = cjson.encode({code = 'worker_crashed', type = 'server_error', retryable = false,
    message = 'Its worker died ' .. #crashes .. ' times while it worked on unit ' .. name .. ' and on nothing else.',
    unit = name, crashes = crashes})
  if is_skippable(ref) then
    skip(ref, error_json)
    return true
  end
  call('RPUSH', P .. 'again:' .. id, name)
  close(id, 'failed', error_json)
  return true
end

-- These units were in flight when a worker, or its engine, died. One that was alone is charged. Of several nobody knows which
-- it was: each group among them, and those that were in none, split into two halves, which run apart.
local function incident(refs)
  local n = call('INCR', P .. 'incidents')
  table.sort(refs)
  local sets, order = {}, {}
  for _, ref in ipairs(refs) do
    if crash(ref) and not (#refs == 1 and charge(ref, n)) then
      local f = call('HMGET', unit_key(ref), 'group', 'queue')
      local set = f[1] or suspect_queue(f[2])
      if not sets[set] then sets[set] = {}; order[#order + 1] = set end
      table.insert(sets[set], ref)
    end
  end
  local groups = 0
  for _, set in ipairs(order) do
    local half = math.ceil(#sets[set] / 2)
    for i, ref in ipairs(sets[set]) do
      call('HSET', unit_key(ref), 'group', n .. '.' .. groups + (i <= half and 1 or 2))
      suspect(ref)
    end
    groups = groups + 2
  end
end

-- Segment `n` has a take that lies in storage. counts: {flagged: 0 or 1, cached: 0 or 1, utterances, its sound in ms}
local function accept(id, n, take, characters, counts)
  call('HSET', P .. 'segments:' .. id, n, take)
  call('HINCRBY', job_key(id), 'done', 1)
  if counts[2] ~= '0' then call('HINCRBY', job_key(id), 'cached', 1) end
  if counts[1] ~= '0' then call('HINCRBY', job_key(id), 'flagged', counts[1]) end
  tally(counts[2] == '1' and 'segments:cached' or 'segments:spoken', 1)
  tally('segments_flagged', counts[1])
  tally('utterances', counts[3])
  tally('take_ms', counts[4])
  tally('take_characters', characters)
  if counts[3] ~= '0' then use(call('HGET', job_key(id), 'tenant'), 'spoken_characters', characters) end
end

-- Whether every unit of the present phase has ended.
local function phase_over(id)
  return tonumber(call('HGET', job_key(id), 'queued')) == 0
     and call('SCARD', P .. 'leased:' .. id) == 0 and call('SCARD', P .. 'suspected:' .. id) == 0
end

local function unlist(id)
  local f = call('HMGET', job_key(id), 'tenant', 'status')
  if not f[1] then return end
  call('ZREM', list_of(id, f[1]), id)
  call('ZREM', list_of(id, f[1]) .. ':' .. f[2], id)
end

local forget
function forget(id)
  local f = call('HMGET', job_key(id), 'tenant', 'status', 'parts')
  unlist(id)
  for n = 1, tonumber(f[3] or '0') do forget(id .. '.' .. n) end
  call('ZREM', P .. 'expiry', id)
  call('ZREM', P .. 'forget', id)
  -- A long job's takes are tens of thousands; freed by another thread, they hold up nobody.
  call('UNLINK', job_key(id), P .. 'segments:' .. id, P .. 'index:' .. id, P .. 'again:' .. id,
       P .. 'leased:' .. id, P .. 'suspected:' .. id, P .. 'waiters:' .. id)
  if is_batch(id) and not whole_of(id) then call('UNLINK', P .. 'open:' .. id, P .. 'ended:' .. id, P .. 'chunks:' .. id) end
end

-- Whether a tenant has as many jobs as it may, so that this one cannot wait, too. `queued_limit`, `job_limit`: where it has none
-- of its own; 0 is none. -> full (too many of this kind wait) | busy (too many are queued or in progress) | nil, and the limit
local function no_room(id, tenant, queued_limit, job_limit)
  local own = call('HMGET', P .. 'tenant:' .. tenant, 'queued_jobs', 'jobs')
  queued_limit, job_limit = tonumber(own[1] or queued_limit), tonumber(own[2] or job_limit)
  if queued_limit > 0 and call('ZCARD', list_of(id, tenant) .. ':queued') >= queued_limit then return 'full', queued_limit end
  if job_limit == 0 then return nil end
  local n = 0
  for _, list in ipairs({'jobs:', 'books:', 'batches:'}) do
    for _, status in ipairs({':queued', ':in_progress', ':cancelling'}) do n = n + call('ZCARD', P .. list .. tenant .. status) end
  end
  if n >= job_limit then return 'busy', job_limit end
end

-- What there is to say of why a queued job waits: {queue, slots, slots that warm up, leased, characters queued, rank}
local function waiting(id, tenant, queue)
  local function of(name) return tonumber(call('HGET', P .. name, queue) or '0') end
  return {queue, of('capacity'), of('warming'), of('leased'), of('backlog'),
          call('ZRANK', P .. 'ring:' .. queue .. ':' .. tenant, id) or -1}
end

-- Workers ------------------------------------------------------------------------------------------------------------------

local function count_slots()
  local sums = {capacity = {}, warming = {}}
  for _, worker in ipairs(call('ZRANGE', P .. 'workers', 0, -1)) do
    local f = call('HGETALL', P .. 'worker:' .. worker)
    local w = {}
    for i = 1, #f, 2 do w[f[i]] = f[i + 1] end
    local into = w.state == 'ready' and sums.capacity or w.state == 'warming' and sums.warming or {}
    for field, slots in pairs(w) do
      local queue = string.match(field, '^cap:(.*)$')
      if queue then into[queue] = (into[queue] or 0) + tonumber(slots) end
    end
  end
  for name, queues in pairs(sums) do
    call('DEL', P .. name)
    for queue, slots in pairs(queues) do call('HSET', P .. name, queue, slots) end
  end
end
