"""/v1/webhook_endpoints: receivers that a tenant registers once.

    routes.py       make, list, look, change, delete, rotate the secret
    deliveries.py   a test event, the log of what was sent, sending again
    bodies.py       what may be sent, checked
    openapi.py      what /openapi.json says of it
"""
