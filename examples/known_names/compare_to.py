"""tracemalloc: what grew between two snapshots, line by line."""

from unfreed.compat import tracemalloc

tracemalloc.start()
before = tracemalloc.take_snapshot()
rows = [{"number": number, "text": "row %d" % number} for number in range(10_000)]
texts = [row["text"] * 10 for row in rows]
after = tracemalloc.take_snapshot()
for statistic in after.compare_to(before, "lineno")[:3]:
    print(statistic)
