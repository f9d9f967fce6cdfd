"""/v1/admin: API keys, tenants and everybody's usage, for keys of scope admin (producer/gate.py sees to that).

    keys.py       make, list, revoke
    tenants.py    what each tenant may use
    usage.py      what tenants used; also /v1/usage, a tenant's own
    bodies.py     what may be sent, checked
    openapi.py    what /openapi.json says of it
"""
