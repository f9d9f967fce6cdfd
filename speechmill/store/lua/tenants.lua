-- TENANTS: names after this one, in order. -> {name ...}
local after, limit = A[1], A[2]
return call('ZRANGEBYLEX', P .. 'tenants', after == '' and '-' or '(' .. after, '+', 'LIMIT', 0, limit)
