"""The message-loss checker, in the manner of Jepsen: people talk while faults run, and then all is compared.

`history.py` says what was asked and answered, `writers.py` asks, `listeners.py` hears, `nemesis.py` breaks,
`checker.py` compares, `place.py` is the installation, `run.py` is one run; `make chaos` runs the big form.
"""
