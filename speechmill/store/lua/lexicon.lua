-- LEXICON: one of a tenant's, with its entries. -> nil | {record, content}
local known = call('HGET', P .. 'lexicons:' .. A[1], A[2])
return known and {known, call('GET', P .. 'lexicon:' .. A[1] .. ':' .. A[2])} or nil
