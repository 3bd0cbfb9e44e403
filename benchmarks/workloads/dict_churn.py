"""Churn of dicts: records are made, changed, merged and dropped."""

from stage import perform


def record(number):
    one = {"id": number, "name": "name %d" % number, "tags": [number, number + 1]}
    one["total"] = number * 1.5
    return {**one, "copy": dict(one)}


def repeat(number):
    recent = {}
    for n in range(60_000):
        recent[n % 1000] = record(n)
    return len(recent)


perform(repeat)
