-- UNNAMED: which of these objects does no record name? (job, key, ...) -> {key, ...}
local function any_names(fields, key)
  for i = 1, #fields do
    local value = fields[i]
    if value == key or (value and string.find(value, '"' .. key .. '"', 1, true)) then return true end
  end
  return false
end

-- What a part names is kept as long as its whole.
local function named(id, key)
  if string.match(id, '^file%-') then return call('EXISTS', P .. 'file:' .. id) == 1 end
  local kept_as = whole_of(id) or id
  local f = call('HMGET', job_key(kept_as), 'tenant', 'ended')
  if not f[1] then return false end
  if is_voice(kept_as) then return not call('ZSCORE', P .. 'forget', kept_as) end
  if not f[2] then return true end  -- it runs: an attempt may be about to name it
  if not call('ZSCORE', P .. 'expiry', kept_as) then return false end  -- its results are out of date and gone, see reaped.lua
  if is_batch(id) then return true end  -- it does not name the objects of its lines one by one
  return any_names(call('HMGET', job_key(id), 'input_key', 'plan_key', 'output'), key)
      or any_names(call('HMGET', job_key(kept_as), 'input_key', 'plan_key', 'output', 'contents'), key)
end

local out = {}
for i = 1, #A, 2 do
  if not named(A[i], A[i + 1]) then out[#out + 1] = A[i + 1] end
end
return out
