-- REAPABLE: ended jobs whose results are out of date. -> {{job, bytes of its output, {object, ...}, tenant}, ...}
local function name(key, out)
  if not key or key == '' or out[key] then return end
  out[key] = true
  out[#out + 1] = key
end

local function name_objects(id, out)
  local f = call('HMGET', job_key(id), 'input_key', 'plan_key', 'output', 'contents', 'parts')
  name(f[1], out)
  name(f[2], out)
  local output = f[3] and cjson.decode(f[3]) or {}
  name(output.key, out)
  name(output.manifest_key, out)
  for _, file in pairs(output.files or {}) do name(file.key, out) end
  local contents = f[4] and cjson.decode(f[4]) or {}  -- of a book
  name(contents.cover_key, out)
  name(contents.lexicon_key, out)
  for n = 1, tonumber(f[5] or '0') do name_objects(id .. '.' .. n, out) end  -- of its parts, see parts.lua
  return output.bytes or 0
end

local jobs = {}
for _, id in ipairs(call('ZRANGEBYSCORE', P .. 'expiry', '-inf', NOW, 'LIMIT', 0, tonumber(A[1]))) do
  if call('EXISTS', job_key(id)) == 1 then
    local objects = {}
    jobs[#jobs + 1] = {id, name_objects(id, objects), objects, call('HGET', job_key(id), 'tenant')}
  else
    call('ZREM', P .. 'expiry', id)
  end
end
return jobs
