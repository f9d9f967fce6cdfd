-- PUT_LEXICON: keep a tenant's lexicon under a name, instead of the one it had. -> nil (it has as many as it may) | its record
local tenant, name, sha, entries, content, most = A[1], A[2], A[3], A[4], A[5], tonumber(A[6])
local all = P .. 'lexicons:' .. tenant
if call('HEXISTS', all, name) == 0 and call('HLEN', all) >= most then return nil end
local known = table.concat({sha, entries, #content, NOW}, ' ')
call('HSET', all, name, known)
call('SET', P .. 'lexicon:' .. tenant .. ':' .. name, content)
return known
