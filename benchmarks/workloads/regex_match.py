"""Matches, groups and substitutions of regular expressions."""

import re

from stage import perform

TEXT = "\n".join(
    '2026-11-%02d 12:%02d:00 host%d app[%d]: user="u%d" took %d ms'
    % (n % 30 + 1, n % 60, n, n * 7, n, n * 3)
    for n in range(200)
)
LINE = re.compile(
    r'^(?P<date>\S+) (?P<time>\S+) (?P<host>\w+) (\w+)\[(?P<pid>\d+)\]: user="(?P<user>[^"]*)" took (?P<ms>\d+) ms$',
    re.MULTILINE,
)
NUMBER = re.compile(r"\d+")


def repeat(number):
    total = 0
    for _ in range(60):
        total += sum(int(match["ms"]) for match in LINE.finditer(TEXT))
        total += len(NUMBER.sub(lambda match: "<%s>" % match[0], TEXT))
    return total


perform(repeat)
