# /// same
# run = ["-m", "pdb", "-c", "break ../started/debugged_target.py:8", "-c", "continue", "-c", "p number", "-c", "where", "-c", "clear 1", "-c", "continue", "-c", "quit", "../started/debugged_target.py"]
# ///
"""A debugger: pdb stops at a line, shows a value and the stack, and goes on."""
