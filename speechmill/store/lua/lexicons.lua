-- LEXICONS: what is known of a tenant's lexicons. -> {name, record, name, record ...}
return call('HGETALL', P .. 'lexicons:' .. A[1])
