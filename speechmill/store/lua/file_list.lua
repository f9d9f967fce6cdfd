-- FILE_LIST: a tenant's files, newest or oldest first, after a cursor. -> nil (no such cursor) | {record, ...}, one more than asked
local tenant, purpose, after, limit, newest_first = A[1], A[2], A[3], tonumber(A[4]), A[5] == '1'
local all = P .. 'files:' .. tenant
local listed = purpose == '' and all or all .. ':' .. purpose
local from = newest_first and '+inf' or '-inf'
if after ~= '' then
  local order = call('ZSCORE', all, after)
  if not order then return nil end
  from = '(' .. order
end
local ids = newest_first and call('ZREVRANGEBYSCORE', listed, from, '-inf', 'LIMIT', 0, limit + 1)
            or call('ZRANGEBYSCORE', listed, from, '+inf', 'LIMIT', 0, limit + 1)
for i, id in ipairs(ids) do ids[i] = file_record(id) end
return ids
