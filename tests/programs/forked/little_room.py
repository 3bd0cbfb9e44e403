"""Limits its address space so that there is room for a look in place, and too little for one by a copy; then leaks."""

import resource
import sys
import time
import warnings

import unfreed


def limit(bytes_a_block):
    with open("/proc/self/statm") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    # The map from addresses to objects takes a quarter of the address space, in either place.
    more = sys.getallocatedblocks() * bytes_a_block + mapped // 4
    resource.setrlimit(resource.RLIMIT_AS, (mapped + more, resource.RLIM_INFINITY))


def main():
    # Blocks of Python's allocators that are no objects: lists have room for what they do not hold.
    kept = [[None] for _ in range(500_000)]
    kept.append([])
    del kept[400:-1]
    texts = [str(number) for number in range(1_000_000)]
    # A look in place needs 80, of which a quarter more has to be left; a copy 130.
    limit(118)
    if len(sys.argv) > 1:
        with warnings.catch_warnings(record=True) as warned:
            for number in range(3):
                taken = unfreed.snapshot("%s-%d" % (sys.argv[1], number), fork=True)
                assert taken.objects > len(texts)
        print(*["%s: %s" % (one.category.__name__, one.message) for one in warned], sep="\n")
        return
    until = time.monotonic() + 3
    while time.monotonic() < until:
        kept[-1].append(bytes(2000))
        time.sleep(0.002)


main()
