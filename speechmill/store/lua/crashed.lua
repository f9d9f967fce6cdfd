-- CRASHED: the engine of a living worker died with these units in flight. -> {n, bells}
local n = 0
for i = 1, #A, 2 do
  if owned(A[i], A[i + 1]) then
    crash(A[i])
    n = n + 1
  end
end
return {n, bells()}
