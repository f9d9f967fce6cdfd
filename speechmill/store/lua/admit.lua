-- ADMIT: who asks, and whether its tenant's minute has room for one more request. -> nil (no such key) | {tenant, digest, scopes,
-- expired, revoked, limit, {admitted, left, ms to the next, ms until all are back} or {}}
-- The minute is a token bucket: a whole minute's requests at once, and then as many as flow back. It is touched only for the very
-- key that was given out: whoever knows a key's id alone takes nothing from its tenant.
local id, digest, tenant, counts, limit = A[1], A[2], A[3], A[4] == '1', tonumber(A[5])
local scopes, expired, revoked = '', 0, 0

if id ~= '' then
  local f = call('HMGET', P .. 'key:' .. id, 'tenant', 'digest', 'scopes', 'expires', 'revoked', 'used')
  if f[2] ~= digest then return nil end
  tenant, scopes = f[1], f[3]
  if f[4] and tonumber(f[4]) <= NOW then expired = 1 end
  if f[5] then revoked = 1 end
  -- Told to a minute, as each write goes to the append-only file; and in a full Redis, not at all.
  if NOW - tonumber(f[6] or '0') >= 60000 then redis.pcall('HSET', P .. 'key:' .. id, 'used', NOW) end
end

limit = tonumber(call('HGET', P .. 'tenant:' .. tenant, 'requests_a_minute') or limit)
if limit == 0 or not counts or expired == 1 or revoked == 1 then
  return {tenant, digest, scopes, expired, revoked, limit, {}}
end

local bucket, pace = P .. 'minute:' .. tenant, limit / 60000
local f = call('HMGET', bucket, 'level', 'at')
local level = math.min(limit, tonumber(f[1] or limit) + math.max(0, NOW - tonumber(f[2] or NOW)) * pace)
local admitted = level >= 1
if admitted then level = level - 1 end
call('HSET', bucket, 'level', string.format('%.6f', level), 'at', NOW)
call('PEXPIRE', bucket, 120000)  -- full again by then
return {tenant, digest, scopes, expired, revoked, limit, {admitted and 1 or 0, math.floor(level),
  math.ceil(math.max(0, 1 - level) / pace), math.ceil((limit - level) / pace)}}
