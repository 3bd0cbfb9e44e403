"""Binary trees of instances, built, walked and dropped."""

from stage import perform


class Node:
    def __init__(self, depth):
        self.depth = depth
        self.left = Node(depth - 1) if depth else None
        self.right = Node(depth - 1) if depth else None

    def count(self):
        return 1 + (self.left.count() + self.right.count() if self.left else 0)


def repeat(number):
    return sum(Node(11).count() for _ in range(55))


perform(repeat)
