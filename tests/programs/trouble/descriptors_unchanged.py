# /// same
# ///
"""A daemon that closes every descriptor it did not open, then opens files and gets the lowest numbers."""

import os
import tempfile
import time

path = os.path.join(tempfile.mkdtemp(), "file")
os.closerange(3, 4096)
for number in range(5):
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    os.write(descriptor, b"mine\n")
    kept = [["%d" % n for n in range(1000)] for _ in range(20)]
    time.sleep(0.5)
    print(descriptor)
with open(path, "rb") as file:
    print(file.read())
