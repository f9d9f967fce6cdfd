-- Files that clients upload, or that batches leave behind. Their bytes lie in storage.
local function file_key(id) return P .. 'file:' .. id end

local function add_file(id, tenant, name, purpose, bytes, key, expires)
  call('HSET', file_key(id), 'tenant', tenant, 'name', name, 'purpose', purpose, 'bytes', bytes, 'key', key, 'created', NOW,
       'expires', expires)
  local order = call('INCR', P .. 'order')
  call('ZADD', P .. 'files:' .. tenant, order, id)
  call('ZADD', P .. 'files:' .. tenant .. ':' .. purpose, order, id)
  call('ZADD', P .. 'file_expiry', expires, id)
end

local function file_record(id)
  return {id, unpack(call('HMGET', file_key(id), 'tenant', 'name', 'purpose', 'bytes', 'key', 'created', 'expires'))}
end
