"""What reads from strangers, given what strangers may send: no crash, no hang, no more memory than allowed, and each refusal is
one of our own errors. `python -m tests.fuzz` runs all of it for as long as you like; `test_fuzz.py` a little of each."""
