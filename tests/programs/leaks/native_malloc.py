# /// leak
# severity = "leak"
# kind = "native"
# names = ["malloc|native"]
# marked_line = false
# advice = ["native|C |extension|library|malloc"]
# ///
"""Memory taken from malloc through ctypes and lost: no Python object accounts for it."""

import ctypes
import time

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.memset.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t)


def decode(number):
    block = libc.malloc(12_000)
    libc.memset(block, number % 256, 12_000)


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        decode(number)
        number += 1
        time.sleep(0.01)


main()
