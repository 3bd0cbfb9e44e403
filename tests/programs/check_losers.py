"""Functions that lose references to objects in C, for `unfreed check`; and one that loses none."""

import functools
import io

import losses
import references


class Service:
    pass


service = Service()
leaky, right = losses.Box(True), losses.Box(False)
leaky.put(service)
right.put(service)


def argument():
    kept = [service, (service,)]
    right.put(service)
    references.keep_argument(service)
    return kept


def new_object():
    references.keep_argument(Service())


def within_functions():
    def inner(one):
        copies = dict(one=one)
        references.keep_argument(copies["one"])

    for _ in range(3):
        inner(service)


def on_error():
    try:
        losses.lose_on_error(service)
    except ValueError:
        pass


def returned():
    return losses.return_once(losses.return_twice(service))


def around_call():
    losses.lose_around_call(losses.return_once, service)


def goes_on(one):
    return one


around = functools.partial(losses.lose_around_call, goes_on)


def through_no_function():
    around(service)


data = bytes(range(100))


def beside_a_buffer():
    # Which does not tell the collector what it has.
    buffer = io.BytesIO(data)
    references.keep_argument(data)
    return buffer


def taken_out():
    box = losses.Box(True)
    box.put(service)
    box.take()


def borrowed():
    return references.borrowed_item([many[0]])


def iterated():
    for one in leaky:
        losses.return_once(one)


def added():
    return losses.return_once(service) + leaky


def magnitude():
    return losses.return_once(abs(leaky))


def called():
    losses.return_once(leaky())


def attribute():
    return losses.return_once(leaky.item)


def two_lose_the_same():
    references.keep_argument(service)
    losses.return_twice(service)


def nothing():
    box = losses.Box()
    box.put(service)
    for one in box:
        losses.return_once(one) + right
    box.take()
    references.keep_argument_right(right.item)


many = [Service()]
_spare = [many[0]] * 500_000
