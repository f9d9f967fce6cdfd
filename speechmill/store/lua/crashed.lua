-- CRASHED: the engine of a living worker died with these units in flight. -> {n, bells}
local held = {}
for i = 1, #A, 2 do
  if owned(A[i], A[i + 1]) then held[#held + 1] = A[i] end
end
if #held > 0 then incident(held) end
return {#held, bells()}
