-- DROP_LEXICON -> whether there was one
call('DEL', P .. 'lexicon:' .. A[1] .. ':' .. A[2])
return call('HDEL', P .. 'lexicons:' .. A[1], A[2])
