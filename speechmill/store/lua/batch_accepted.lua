-- BATCH_ACCEPTED: every line of a batch's file is right, and they lie in storage one by one.
-- -> {accepted | spent (too many characters for today; nothing was done) | lost, bells, characters a day, characters left of this day}
local ref, token, plan_key, lines, characters, day_limit, voices = A[1], A[2], A[3], A[4], tonumber(A[5]), tonumber(A[6]), A[7]
local id = job_of(ref)
if not owned(ref, token) then
  return {call('HGET', job_key(id), 'plan_token') == token and 'accepted' or 'lost', bells(), 0, 0}
end
local f = call('HMGET', job_key(id), 'tenant', 'characters')
day_limit = tonumber(call('HGET', P .. 'tenant:' .. f[1], 'characters_a_day') or day_limit)
local left = day_limit - tonumber(call('HGET', usage_key(f[1], TODAY), 'characters') or '0')
if day_limit > 0 and characters > left then return {'spent', bells(), day_limit, math.max(0, left)} end
unlease(ref, 'done')
call('DEL', unit_key(ref))
if end_if_cancelled(id) or call('HGET', job_key(id), 'status') == 'cancelling' then return {'lost', bells(), 0, 0} end
call('HSET', job_key(id), 'plan_token', token, 'plan_key', plan_key, 'lines', lines, 'line_chars', characters, 'begun_at', NOW,
     'opened', 0, 'open_chars', 0, 'window', 2, 'completed', 0, 'failed', 0)
use_voices(id, voices)
use(f[1], 'characters', characters)
enter_phase(id, 'feed', 1, tonumber(f[2]))
record(id, 'speech.job.in_progress')
return {'accepted', bells(), 0, 0}
