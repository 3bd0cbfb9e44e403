# /// same
# ///
"""sys.setprofile sees every call of the program and none of unfreed."""

import collections
import sys
import time

seen = collections.Counter()


def profile(frame, event, argument):
    name = argument.__qualname__ if event.startswith("c_") else frame.f_code.co_name
    seen[event, name] += 1


def work(number):
    return sorted(map(str, range(number % 20)))


def main():
    for number in range(300):
        work(number)
        time.sleep(0.01)


sys.setprofile(profile)
main()
sys.setprofile(None)
for key, count in sorted(seen.items()):
    print(key, count)
