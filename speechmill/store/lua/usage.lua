-- USAGE: what a tenant used on each of the last days, the newest first. -> {{day, jobs, characters, spoken, audio ms} ...}
local tenant, out = A[1], {}
for day = TODAY, TODAY - tonumber(A[2]) + 1, -1 do
  local key = usage_key(tenant, day)
  if call('EXISTS', key) == 1 then
    out[#out + 1] = {day, unpack(call('HMGET', key, 'jobs', 'characters', 'spoken_characters', 'audio_ms'))}
  end
end
return out
