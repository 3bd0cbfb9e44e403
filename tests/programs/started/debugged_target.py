"""What trouble/debugged.py debugs."""

import time


def work(number):
    text = "%d" % number
    return text * 3


for number in range(100):
    work(number)
    time.sleep(0.02)
print("end of the debugged script")
