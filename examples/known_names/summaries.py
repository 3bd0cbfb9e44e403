"""Pympler: what there is by type, and what a part of a program left."""

from unfreed.compat.pympler import asizeof, muppy, summary, tracker

kept = []
changes = tracker.SummaryTracker()
kept += [{"number": number} for number in range(1000)]
changes.print_diff()
print(asizeof.asizeof(kept), "bytes")
summary.print_(summary.summarize(muppy.get_objects()), limit=3)
