# /// same
# run = ["../started/processes_of.py", "forkserver"]
# ///
"""multiprocessing with the start method forkserver."""
