# /// same
# ///
"""Prints the modules that are loaded, but for those of unfreed itself."""

import sys

OF_STARTING = {"sitecustomize", "usercustomize", "atexit"}
print(sorted(name for name in sys.modules if name.partition(".")[0] != "unfreed" and name not in OF_STARTING))
