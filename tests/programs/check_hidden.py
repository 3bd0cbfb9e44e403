"""Objects held by C types that the collector knows nothing of."""

import losses


class Item:
    """What is held, and holds."""


def unseen():
    """A cycle through a type that does not show what it holds."""
    item = Item()
    item.holder = losses.Keeper(item)


def behind():
    """The same, with what is held in a block of memory of its own."""
    item = Item()
    item.holder = losses.Keeper(item, False, True)


def left_out():
    """The same through a type that the collector knows, and that leaves out what it holds."""
    item = Item()
    item.holder = losses.Forgetful(item)


def seen():
    """The same through a type that shows it."""
    item = Item()
    item.holder = losses.Box()
    item.holder.put(item)


def borrowed():
    """No cycle: the other only points to it."""
    item = Item()
    item.holder = losses.Keeper(item, True)


def kept_in_turn(last=[None]):
    """No growth: each goes when the next comes."""
    last[0] = losses.Keeper(Item())
