-- LIST: ids of a tenant's jobs or books, newest or oldest first, after a cursor. -> nil (no such cursor) | {ids...}, one more than asked
local tenant, status, after, limit, newest_first, kind = A[1], A[2], A[3], tonumber(A[4]), A[5] == '1', A[6]
local all = P .. kind .. ':' .. tenant
local listed = status == '' and all or all .. ':' .. status
local from = newest_first and '+inf' or '-inf'
if after ~= '' then
  local order = call('ZSCORE', all, after)
  if not order then return nil end
  from = '(' .. order
end
if newest_first then return call('ZREVRANGEBYSCORE', listed, from, '-inf', 'LIMIT', 0, limit + 1) end
return call('ZRANGEBYSCORE', listed, from, '+inf', 'LIMIT', 0, limit + 1)
