-- REAPABLE: ended jobs whose results are out of date. -> {{job, bytes of its output, {object, ...}}, ...}
local function name_objects(id, out)
  local f = call('HMGET', job_key(id), 'input_key', 'plan_key', 'output', 'parts')
  for i = 1, 2 do
    if f[i] and f[i] ~= '' then out[#out + 1] = f[i] end
  end
  local output = f[3] and cjson.decode(f[3]) or {}
  for _, key in ipairs({output.key or '', output.manifest_key or ''}) do
    if key ~= '' then out[#out + 1] = key end
  end
  for n = 1, tonumber(f[4] or '0') do name_objects(id .. '.' .. n, out) end  -- of its parts, see parts.lua
  return output.bytes or 0
end

local jobs = {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'expiry', '-inf', NOW, 'LIMIT', 0, tonumber(A[1]))) do
  if call('EXISTS', job_key(id)) == 1 then
    local objects = {}
    jobs[#jobs + 1] = {id, name_objects(id, objects), objects}
  else
    call('ZREM', P .. 'expiry', id)
  end
end
return jobs
