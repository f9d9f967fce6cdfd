"""/v1/batches: thousands of speech requests in one file, in OpenAI's shapes.

    routes.py   create, list, look, follow, cancel, delete
    content.py  the sound of a single line
    openapi.py  what /openapi.json says of it
"""
