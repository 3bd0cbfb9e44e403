# /// same
# run = ["../started/processes_of.py", "fork"]
# ///
"""multiprocessing with the start method fork."""
