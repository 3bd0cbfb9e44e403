"""Lines split into words, stripped, and joined again."""

from stage import perform

LINE = "  the quick brown fox jumps over the lazy dog, and then it does so again and again  "


def repeat(number):
    length = 0
    for _ in range(70_000):
        words = LINE.strip().split(" ")
        length += len("-".join(word.upper() for word in words[:4]))
        length += len(words)
    return length


perform(repeat)
