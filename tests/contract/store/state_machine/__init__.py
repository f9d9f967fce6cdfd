"""The job store's scripts against a model, under any interleaving.

model/ is the specification, checks/ what is compared after every step, acts/ what may happen; driver.py does each verb on both
sides, machine.py draws what happens next. clocked_store.py runs the product's scripts on a clock that the tests move, mutants.py
breaks them to show that the checks can fail.
"""
