-- Jobs that have parts: a book, whose chapters are the jobs <book>.1, <book>.2, … A part is a job like others (planned, spoken,
-- joined), but in no list of jobs. A few of them are spoken at once, so that a book holds up nobody and its chapters are done in
-- order; the next one opens when one has only to be joined, so that a fast voice does not wait for encoders, unless so many have
-- that the tenant's other jobs would. The whole is in progress while they run, in phase `parts`, with no unit of its own, and is
-- finished when all are.
--
-- Of the whole: parts, opened (how many were), running (how many of those have not ended), speaking (how many of those have more
-- to do than to be joined), window (how many may be spoken at once), parts_done, weight_done (characters), lately_chars and
-- lately_ms (the last minutes, fading).

local RATE_MS = 120000  -- what was spoken so long ago counts for a third

-- Queue what is left of a job that waits: all of a new one, of one that failed only what was not done.
local function enqueue_what_is_left(id)
  local f = call('HMGET', job_key(id), 'phase', 'units', 'cursor', 'characters', 'speak_chars', 'done_chars')
  local units = tonumber(f[2]) - tonumber(f[3]) + call('LLEN', P .. 'again:' .. id)
  enqueue(id, units, f[1] == 'speak' and tonumber(f[5]) - tonumber(f[6]) or tonumber(f[4]))
end

-- How many parts may wait to be joined, or be joined: as many again as all cpu workers have slots for, so that none is idle.
local function most_to_join(id)
  return 2 * math.max(1, slots_of(queue_of('finish', '', call('HGET', job_key(id), 'class'))))
end

-- The next parts, as many as may be spoken at once; with none left, the last step of the whole.
local function go_on(id)
  local f = call('HMGET', job_key(id), 'status', 'phase', 'parts', 'opened', 'running', 'speaking', 'window', 'parts_done',
                 'characters')
  if f[1] ~= 'in_progress' or f[2] ~= 'parts' then return end
  local parts, opened, running, speaking = tonumber(f[3]), tonumber(f[4]), tonumber(f[5]), tonumber(f[6])
  local window, to_join = tonumber(f[7]), most_to_join(id)
  while speaking < window and running - speaking < to_join and opened < parts do
    opened = opened + 1
    local part = id .. '.' .. opened
    local p = call('HMGET', job_key(part), 'status', 'phase')
    if p[1] == 'queued' then
      running = running + 1
      if p[2] ~= 'finish' then speaking = speaking + 1 end
      enqueue_what_is_left(part)
    end
  end
  call('HSET', job_key(id), 'opened', opened, 'running', running, 'speaking', speaking)
  if running > 0 then return end
  if tonumber(f[8]) == parts then return enter_phase(id, 'finish', 1, tonumber(f[9])) end
  for n = 1, parts do
    local p = call('HMGET', job_key(id .. '.' .. n), 'status', 'error')
    if p[1] == 'failed' then return close(id, 'failed', p[2]) end
  end
end

-- `characters` more of a part's text have been spoken. Of webhooks, progress comes at every tenth of the way.
local function tell_whole(part, characters)
  local id = whole_of(part)
  local f = call('HMGET', job_key(id), 'characters', 'progress', 'status', 'lately_chars', 'lately_ms', 'lately_at', 'started')
  if f[3] ~= 'in_progress' then return end
  local done = tonumber(call('HINCRBY', job_key(id), 'weight_done', characters))
  local before = tonumber(f[2])
  local progress = math.max(before, math.min(99, math.floor(100 * done / tonumber(f[1]))))
  local passed = math.max(0, NOW - tonumber(f[6] or f[7]))  -- the clock may have been set back
  local fade = math.exp(-passed / RATE_MS)
  call('HSET', job_key(id), 'progress', progress, 'lately_at', NOW,
       'lately_chars', tonumber(f[4] or '0') * fade + characters, 'lately_ms', tonumber(f[5] or '0') * fade + passed)
  record(id, math.floor(progress / 10) > math.floor(before / 10) and 'speech.job.progress' or 'speech.job.segment')
end

-- Segments of this job, so many characters of them, have been dealt with.
local function advance(id, characters)
  local done = call('HINCRBY', job_key(id), 'done_chars', characters)
  if end_if_cancelled(id) then return end
  local f = call('HMGET', job_key(id), 'progress', 'speak_chars', 'status', 'characters')
  local before = tonumber(f[1])
  local progress = math.max(before, math.min(99, math.floor(100 * done / tonumber(f[2]))))
  call('HSET', job_key(id), 'progress', progress)
  -- Webhooks for progress come at every tenth of the way; clients that poll or listen see each step.
  record(id, math.floor(progress / 10) > math.floor(before / 10) and 'speech.job.progress' or 'speech.job.segment')
  local book = book_of(id)
  if book then
    -- What is spoken may be longer than the text, or shorter. Whole numbers: thirds would not add up to the chapter again.
    local function of_text(spoken) return math.floor(tonumber(f[4]) * spoken / tonumber(f[2])) end
    tell_whole(id, of_text(done) - of_text(done - characters))
  end
  if f[3] ~= 'in_progress' or not phase_over(id) then return end
  enter_phase(id, 'finish', 1, tonumber(f[4]))
  if book then
    call('HINCRBY', job_key(book), 'speaking', -1)
    go_on(book)
  end
end

-- A segment of a part can't be spoken: a moment of silence stands for it, with a flag, so that a book is not lost for a sentence.
function skip(ref, error_json)
  local id = job_of(ref)
  local f = call('HMGET', unit_key(ref), 'characters', 'attempt')
  call('DEL', unit_key(ref))
  local take = cjson.encode({key = '', samples = 2400, duration_seconds = 0.1, flags = {'failed'}, attempts = tonumber(f[2]),
                             spoken = 0, cached = false, speak_ms = 0, waited_ms = 0, token = 0})
  -- The error as it is: decoded and encoded again, its empty lists would be objects.
  accept(id, name_of(ref), string.sub(take, 1, -2) .. ',"error":' .. error_json .. '}', f[1], {'1', '0', '0', '100'})
  advance(id, tonumber(f[1]))
end

function is_skippable(ref)
  local id = job_of(ref)
  return book_of(id) ~= nil and call('HGET', job_key(id), 'phase') == 'speak'
end

function part_ended(part, status)
  local id = whole_of(part)
  local whole = id and call('HGET', job_key(id), 'status')
  if whole ~= 'in_progress' and whole ~= 'cancelling' then return end
  if is_batch(id) then return line_ended(part, status) end
  call('HINCRBY', job_key(id), 'running', -1)
  if call('HGET', job_key(part), 'phase') ~= 'finish' then call('HINCRBY', job_key(id), 'speaking', -1) end
  if status == 'completed' then call('HINCRBY', job_key(id), 'parts_done', 1) end
  if not end_if_cancelled(id) then go_on(id) end
end

-- The whole has ended: so have its parts.
function end_parts(id, status, error_json)
  if is_batch(id) then return drop_lines(id) end
  if status == 'completed' or status == 'failed' then return end
  for n = 1, tonumber(call('HGET', job_key(id), 'parts') or '0') do
    local part = id .. '.' .. n
    local was = call('HGET', job_key(part), 'status')
    if may(was, status) then close(part, status, error_json) end
  end
end

-- Stop a job and its parts. One that nobody works on ends at once.
local function stop(id)
  if is_batch(id) and call('HEXISTS', job_key(id), 'lines') == 1 then return wind_down(id, 'cancelled') end
  local running = tonumber(call('HGET', job_key(id), 'running') or '0')
  if call('SCARD', P .. 'leased:' .. id) == 0 and running == 0 then return close(id, 'cancelled', '') end
  withdraw(id)
  move(id, 'cancelling')
  call('PUBLISH', P .. 'stop', id)
  record(id, 'speech.job.cancelling')
  if running == 0 then return end
  for n = 1, tonumber(call('HGET', job_key(id), 'opened')) do
    local part = id .. '.' .. n
    local status = call('HGET', job_key(part), 'status')
    if may(status, 'cancelling') or may(status, 'cancelled') then stop(part) end
  end
end

-- Make a job that failed wait again; of a whole, the parts that failed.
local function again(id)
  local f = call('HMGET', job_key(id), 'phase', 'error', 'parts', 'segments', 'characters')
  move(id, 'queued')
  call('HDEL', job_key(id), 'error', 'ended', 'expires', 'started', 'deadline')
  call('ZREM', P .. 'expiry', id)
  call('ZREM', P .. 'forget', id)
  if f[1] == 'finish' and cjson.decode(f[2]).code == 'segment_missing' and f[4] ~= '0' then
    -- Joining again would miss it again. All go round once more; what is still stored is found and not spoken.
    call('DEL', P .. 'segments:' .. id, P .. 'again:' .. id)
    call('HSET', job_key(id), 'done', 0, 'flagged', 0, 'cached', 0, 'done_chars', 0, 'phase', 'speak', 'units', f[4], 'cursor', 0)
    if whole_of(id) then call('HINCRBY', job_key(whole_of(id)), 'weight_done', 0 - tonumber(f[5])) end
  end
  use_voices(id, call('HGET', job_key(id), 'voices') or '')
  record(id, 'speech.job.queued')
  if f[1] ~= 'parts' then return whole_of(id) or enqueue_what_is_left(id) end
  for n = 1, tonumber(f[3]) do
    if call('HGET', job_key(id .. '.' .. n), 'status') == 'failed' then again(id .. '.' .. n) end
  end
  call('HSET', job_key(id), 'opened', 0, 'running', 0, 'speaking', 0)
  move(id, 'in_progress')
  call('HSET', job_key(id), 'started', NOW)
  record(id, 'speech.job.started')
  go_on(id)
end
