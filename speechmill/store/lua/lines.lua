-- Batches: jobs whose parts are their lines, the jobs <batch>.1, <batch>.2, … There may be 50,000, so no script goes through all of
-- them, and a line's record is here only from when it is opened until it is folded. A batch goes through these phases:
--   plan    a cpu worker reads and checks the file
--   feed    a cpu worker folds lines that have ended into storage, and opens the next ones; again and again
--   parts   lines are spoken, as jobs like others; the batch has no unit of its own
--   finish  a cpu worker writes the files that the client gets
-- One that is cancelled, or whose time is over, is `ending`: nothing more of it is opened, what runs is stopped, and when its files
-- are written it has ended as that.
--
-- Of the batch: lines, opened (how many were), open_chars (of those that have not ended), window (how many may be open), completed,
-- failed, line_chars, ending, ending_at, begun_at, finishing_at, stopped (the last line that was told to stop), files, rejected.

local STOPPED_AT_ONCE = 25

-- Nothing of the batch itself is under way: is there something to do for a cpu worker?
local function what_next(id)
  local f = call('HMGET', job_key(id), 'phase', 'lines', 'opened', 'window', 'open_chars', 'ending', 'characters')
  if f[1] ~= 'parts' then return end
  local running, window = call('ZCARD', P .. 'open:' .. id), tonumber(f[4])
  if running == 0 and (f[6] or f[2] == f[3]) then
    call('HSET', job_key(id), 'finishing_at', NOW)
    enter_phase(id, 'finish', 1, tonumber(f[7]))
    record(id, 'speech.job.finalizing')
  elseif not f[6] and f[2] ~= f[3] and running * 2 < window and tonumber(f[5]) * 2 < window * ENTRY_COST then
    enter_phase(id, 'feed', 1, tonumber(f[7]))
  end
end

-- Who follows it hears of every hundredth of its lines.
local function tell_batch(id)
  local f = call('HMGET', job_key(id), 'completed', 'failed', 'lines', 'progress')
  local progress = math.floor(100 * (tonumber(f[1] or '0') + tonumber(f[2] or '0')) / tonumber(f[3]))
  if progress <= tonumber(f[4]) or progress > 99 then return end
  call('HSET', job_key(id), 'progress', progress)
  record(id, 'speech.job.progress')
end

function line_ended(line, status)
  local id, n = whole_of(line), string.match(line, '%d+$')
  if call('ZREM', P .. 'open:' .. id, n) == 0 then return end
  call('ZADD', P .. 'ended:' .. id, n, n)
  call('HINCRBY', job_key(id), 'open_chars', 0 - tonumber(call('HGET', job_key(line), 'characters')))
  if status ~= 'cancelled' then
    call('HINCRBY', job_key(id), status, 1)
    tell_batch(id)
  end
  what_next(id)
end

-- Stop the next few of the open lines. -> whether there may be more
local function stop_some(id)
  local from = call('HGET', job_key(id), 'stopped') or '0'
  local some = call('ZRANGEBYSCORE', P .. 'open:' .. id, '(' .. from, '+inf', 'LIMIT', 0, STOPPED_AT_ONCE)
  if #some == 0 then return false end
  call('HSET', job_key(id), 'stopped', some[#some])
  for _, n in ipairs(some) do stop(id .. '.' .. n) end
  return #some == STOPPED_AT_ONCE
end

-- how: cancelled | expired. What is beyond the first few lines is stopped by the worker that has, or gets, the feed unit.
function wind_down(id, how)
  local f = call('HMGET', job_key(id), 'status', 'ending', 'phase')
  if f[1] ~= 'in_progress' or f[2] or (f[3] == 'finish' and how == 'expired') then return end
  call('HSET', job_key(id), 'ending', how, 'ending_at', NOW)
  record(id, how == 'cancelled' and 'speech.job.cancelling' or 'speech.job.expiring')
  local more = stop_some(id)
  if call('HGET', job_key(id), 'phase') ~= 'parts' then return end
  if more then return enter_phase(id, 'feed', 1, tonumber(call('HGET', job_key(id), 'characters'))) end
  what_next(id)
end

-- The batch has ended. Normally nothing of its lines is here any more; where its own steps failed for good, a window of them may be.
function drop_lines(id)
  if whole_of(id) then return end
  for _, n in ipairs(call('ZRANGE', P .. 'open:' .. id, 0, -1)) do
    local line = id .. '.' .. n
    if may(call('HGET', job_key(line), 'status'), 'cancelled') then close(line, 'cancelled', '') end
    forget(line)
  end
  for _, n in ipairs(call('ZRANGE', P .. 'ended:' .. id, 0, -1)) do forget(id .. '.' .. n) end
  call('UNLINK', P .. 'open:' .. id, P .. 'ended:' .. id)
end
