# /// not-leak
# extension = "references"
# ///
"""The correct twins of the functions that lose references."""

import time

import references


class Order:
    pass


LIST = [Order()] * 1000

started = time.monotonic()
request = 0
while time.monotonic() - started < 10:
    references.keep_argument_right(Order())
    references.leak_dict_right()
    references.leak_str_right(request)
    references.leak_instance_right(Order)
    references.borrowed_item_right(LIST)
    request += 1
    time.sleep(0.002)
