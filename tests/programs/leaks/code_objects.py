# /// leak
# severity = "leak"
# kind = "container"
# names = ["RULES", "code"]
# advice = ["bound|compil|evict|lru|remove|code"]
# ///
"""A rule engine that keeps the code object of every expression: the text lives in the constants of the code."""

import time

RULES = {}


def compile_rule(number):
    words = ", ".join("'word %d of %d'" % (n, number) for n in range(30))
    return compile("lambda text: any(word in text for word in (%s,))" % words, "rule", "eval")  # LEAK


def main():
    stop = time.monotonic() + 9
    number = 0
    while time.monotonic() < stop:
        RULES[number] = compile_rule(number)  # LEAK
        number += 1
        time.sleep(0.015)


main()
