"""/v1/files: what batches are made from, and what they leave behind, in OpenAI's shapes.

    routes.py   upload, list, look, download, delete
    openapi.py  what /openapi.json says of it
"""
