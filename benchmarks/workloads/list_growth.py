"""A list that only grows, of small objects that all stay."""

from stage import perform


def repeat(number):
    kept = []
    for n in range(220_000):
        kept.append((n, str(n), [n]))
    return len(kept)


perform(repeat)
