-- FILE_EXPIRED: files that are kept no longer. -> {record, ...}
local ids = call('ZRANGEBYSCORE', P .. 'file_expiry', '-inf', NOW, 'LIMIT', 0, tonumber(A[1]))
for i, id in ipairs(ids) do ids[i] = file_record(id) end
return ids
