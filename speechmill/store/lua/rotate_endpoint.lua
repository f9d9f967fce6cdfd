-- ROTATE_ENDPOINT: the next secret signs from now on, and those before it beside it for `overlap_ms` more at most.
-- -> its record | nil: there is none
-- (id, tenant, the generation to go on from: another one means that it was done already, overlap_ms)
local id, tenant, from, overlap_ms = A[1], A[2], A[3], tonumber(A[4])
if not endpoint_record(id, tenant) then return nil end
local f = call('HMGET', endpoint_key(id), 'generation', 'older')
if f[1] == from then
  local older = {}
  if overlap_ms > 0 then
    older[1] = from .. ':' .. string.format('%d', NOW + overlap_ms)
    for generation, until_ms in string.gmatch(f[2] or '', '(%d+):(%d+)') do
      -- A client that lost a reply and asks again must not lose the secret that its receivers still have; but more than a few
      -- signatures, some receivers refuse.
      if tonumber(until_ms) > NOW and #older < 3 then
        older[#older + 1] = generation .. ':' .. string.format('%d', math.min(tonumber(until_ms), NOW + overlap_ms))
      end
    end
  end
  call('HSET', endpoint_key(id), 'generation', from + 1, 'older', table.concat(older, ','))
end
return endpoint_record(id, tenant)
