"""`speechmill webhook endpoints`: receivers that are registered once.

    app.py     the commands
    api.py     the part of the HTTP interface that they use
    show.py    tables
"""
