-- Voices of one's own. A voice is the job that makes it, `voice_…`: its record (`contents`: what was measured of the recording,
-- whose key is `plan_key`) and its objects are kept until it is deleted. A job that speaks with voices names them in `voices` and
-- stands in using:<voice> until it has ended, so that a voice which is deleted meanwhile keeps its recording until then.

function use_voices(id, voices)
  if voices == '' then return end
  call('HSET', job_key(id), 'voices', voices)
  for voice in string.gmatch(voices, '[^,]+') do call('SADD', P .. 'using:' .. voice, id) end
end

function free_voices(id)
  for voice in string.gmatch(call('HGET', job_key(id), 'voices') or '', '[^,]+') do
    call('SREM', P .. 'using:' .. voice, id)
    -- It was deleted, and this was the last job with it: the reaper may take its objects.
    if call('EXISTS', P .. 'using:' .. voice) == 0 and call('HEXISTS', job_key(voice), 'deleted') == 1 then
      call('ZADD', P .. 'expiry', NOW, voice)
    end
  end
end

local FAILED_VOICES = 100

-- Whether a tenant may have no more. Those that failed stay as long as results do, and do not count; but they are records, too.
local function too_many_voices(tenant, limit)
  local list = P .. 'voices:' .. tenant
  local listed = call('ZCARD', list)
  return listed - call('ZCARD', list .. ':failed') >= limit or listed >= limit + FAILED_VOICES
end
