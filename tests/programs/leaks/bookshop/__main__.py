# /// leak
# severity = "leak"
# kind = "container"
# names = ["bookshop.orders.baskets", "BASKETS", "Basket"]
# advice = ["bound|remove|expire|evict|ttl|lru|weak|pop|delete"]
# run = ["-m", "bookshop", "--visitors", "100"]
# ///
"""A package run with -m: the dict that grows belongs to the module bookshop.orders.baskets."""

import argparse
import time

from bookshop.orders import visit


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, required=True)
    per_second = parser.parse_args().visitors
    stop = time.monotonic() + 9
    visitor = 0
    while time.monotonic() < stop:
        visit(visitor)
        visitor += 1
        time.sleep(1 / per_second)


main()
