# /// leak
# severity = "leak"
# kind = "cycle"
# names = ["Folder", "parent|cycle"]
# advice = ["gc.enable|collector|weak|cycle"]
# ///
"""Parent and children point to each other and the collector is off: nothing holds them, nothing frees them."""

import gc
import time


class Folder:
    def __init__(self, name, parent=None):
        self.name = name
        self.parent = parent
        self.children = []
        if parent:
            parent.children.append(self)


def walk(number):
    root = Folder("root %d" % number)  # LEAK
    for n in range(8):
        Folder("child %d of %d" % (n, number), root).text = "t" * 150  # LEAK
    return len(root.children)


def main():
    gc.disable()
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        walk(number)
        number += 1
        time.sleep(0.01)


main()
