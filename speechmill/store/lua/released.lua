-- RELEASED: a unit is given back undone and uncharged: its worker stops, or its job was cancelled. -> {1 | 0 fenced, bells}
local ref, token = A[1], A[2]
if not owned(ref, token) then return {0, bells()} end
give_back(ref)
return {1, bells()}
