"""The baskets of every visitor who ever came."""

BASKETS = {}


class Basket:
    def __init__(self, owner):
        self.owner = owner
        self.lines = []
        self.notes = "n" * 2000  # LEAK

    def put(self, title):
        self.lines.append(title)


def basket_of(owner):
    if owner not in BASKETS:
        BASKETS[owner] = Basket(owner)  # LEAK
    return BASKETS[owner]
