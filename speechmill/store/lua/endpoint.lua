-- ENDPOINT: one webhook endpoint of a tenant. -> its record | nil
return endpoint_record(A[1], A[2])
