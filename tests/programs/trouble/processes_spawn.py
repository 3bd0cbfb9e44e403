# /// same
# run = ["../started/processes_of.py", "spawn"]
# ///
"""multiprocessing with the start method spawn."""
