-- SPOKEN: a segment's take lies in storage. -> {1 | 0 fenced, bells}
local ref, token, take = A[1], A[2], A[3]
local id, n = job_of(ref), name_of(ref)
if not owned(ref, token) then
  local stored = call('HGET', P .. 'segments:' .. id, n)
  return {stored and cjson.decode(stored).token == tonumber(token) and 1 or 0, bells()}
end
unlease(ref, 'done')
local characters = tonumber(call('HGET', unit_key(ref), 'characters'))
call('DEL', unit_key(ref))
accept(id, n, take, characters, {unpack(A, 4)})
advance(id, characters)
return {1, bells()}
