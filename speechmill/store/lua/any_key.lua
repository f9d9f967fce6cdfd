-- ANY_KEY: whether a key was ever made. -> 1 | 0
return call('EXISTS', P .. 'keys')
