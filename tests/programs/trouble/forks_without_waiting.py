# /// same
# ///
"""A child that outlives its parent for a moment, and one that replaces itself by another program."""

import os
import sys
import time

if os.fork() == 0:
    os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(0.5); print('replaced')"])
os.wait()
sys.stdout.flush()
if os.fork() == 0:
    kept = [str(n) for n in range(5000)]
    time.sleep(0.5)
    os.write(1, b"the child ends after its parent\n")
    os._exit(0)
print("the parent ends")
