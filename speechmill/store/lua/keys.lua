-- KEYS: keys of a tenant ('' for all), the newest first, after a cursor. -> nil (no such cursor) | {record ...}
local tenant, after, limit = A[1], A[2], tonumber(A[3])
local from = 0
if after ~= '' then
  local rank = call('ZREVRANK', P .. 'keys', after)
  if not rank then return nil end
  from = rank + 1
end
local out = {}
for _, id in ipairs(call('ZREVRANGE', P .. 'keys', from, -1)) do
  if #out == limit then break end
  local record = key_record(id)
  if tenant == '' or record[2] == tenant then out[#out + 1] = record end
end
return out
