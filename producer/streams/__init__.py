"""Streams to clients: sound while it is made (`answer.py`), and what becomes of a job (`events.py`)."""
