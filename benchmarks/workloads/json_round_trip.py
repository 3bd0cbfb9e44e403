"""json.dumps and json.loads of a document with a few thousand values."""

import json

from stage import perform

DOCUMENT = [
    {
        "id": n,
        "name": "name %d" % n,
        "price": n * 0.25,
        "tags": ["a%d" % n, "b"],
        "open": n % 2 == 0,
    }
    for n in range(400)
]


def repeat(number):
    for _ in range(110):
        document = json.loads(json.dumps(DOCUMENT))
    return len(document)


perform(repeat)
