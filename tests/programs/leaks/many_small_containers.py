# /// leak
# severity = "leak"
# kind = "container"
# names = ["CACHE", "entries", "list"]
# advice = ["bound|remove|delete|empty|evict|expire|pop"]
# ///
"""A DNS cache that removes records but keeps an empty or one-element list for each name (zeroconf 0.24)."""

import time


class Record:
    def __init__(self, name, expires):
        self.name = name
        self.expires = expires


class DNSCache:
    def __init__(self):
        self.entries = {}

    def add(self, record):
        self.entries.setdefault(record.name, []).append(record)  # LEAK

    def expire(self, now):
        for name in list(self.entries)[-60:]:
            records = self.entries[name]
            records[:] = [record for record in records if record.expires > now]


CACHE = DNSCache()


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        for _ in range(8):
            name = "host-%d.%s.local" % (number, "sub" * 60)  # LEAK
            CACHE.add(Record(name, number + 4))
            number += 1
        CACHE.expire(number)
        time.sleep(0.01)


main()
