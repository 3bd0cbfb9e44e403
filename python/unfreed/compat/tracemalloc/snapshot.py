"""All blocks that lived at a moment: `Snapshot`."""

import pickle
from collections.abc import Iterable
from itertools import chain, repeat, starmap
from typing import Any, Union

from unfreed.compat.tracemalloc.filters import BaseFilter, filtered
from unfreed.compat.tracemalloc.statistics import Statistic, StatisticDiff, differences, statistics
from unfreed.compat.tracemalloc.traces import RawTrace, Runs, Traces
from unfreed.compat.tracemalloc.untraced import untraced


class Snapshot:
    """Traces of a moment, which can be added up, compared, filtered and kept in a file."""

    def __init__(self, traces: "Iterable[RawTrace]", traceback_limit: int) -> None:
        self.traces = Traces(traces)
        """Each block."""
        self.traceback_limit = traceback_limit
        """Most frames of a traceback."""

    @untraced
    def statistics(self, key_type: str, cumulative: bool = False) -> "list[Statistic]":
        """Sums by `filename`, `lineno` or `traceback`, the largest first; with `cumulative` a block counts at every
        frame of its traceback. `ValueError` for another key, or for a cumulative one by traceback.
        """
        return statistics(self.traces._traces, key_type, cumulative)

    @untraced
    def compare_to(self, old_snapshot: "Snapshot", key_type: str, cumulative: bool = False) -> "list[StatisticDiff]":
        """What is different from an older snapshot, the largest change first."""
        return differences(self.traces._traces, old_snapshot.traces._traces, key_type, cumulative)

    @untraced
    def filter_traces(self, filters: "Iterable[BaseFilter]") -> "Snapshot":
        """A snapshot of the traces that one of the inclusive filters, if there are any, and all exclusive ones let
        pass.
        """
        if not isinstance(filters, Iterable):
            raise TypeError("filters must be a list of filters, not %s" % type(filters).__name__)
        return Snapshot(filtered(self.traces._traces, filters), self.traceback_limit)

    @untraced
    def dump(self, filename: "Any") -> None:
        """Writes the snapshot into a file, with all attributes that it was given."""
        with open(filename, "wb") as file:
            pickle.dump(self, file, pickle.HIGHEST_PROTOCOL)

    @staticmethod
    @untraced
    def load(filename: "Any") -> "Snapshot":
        """Reads a file that `dump` wrote, of this module or of the standard library's. As with any pickle, only a
        file that is trusted.
        """
        with open(filename, "rb") as file:
            loaded: Union[Snapshot, Any] = pickle.load(file)
        return loaded if isinstance(loaded, Snapshot) else _converted(loaded)


def _converted(theirs: Any) -> Snapshot:
    """A snapshot of the standard library's."""
    attributes = dict(vars(theirs))
    made = Snapshot(_alike_together(attributes.pop("traces")._traces), attributes.pop("traceback_limit"))
    vars(made).update(attributes)
    return made


def _alike_together(traces: "Iterable[RawTrace]") -> Runs:
    """Traces with equal ones beside each other, in the order in which each came first."""
    counts: dict[RawTrace, int] = {}
    for trace in traces:
        counts[trace] = counts.get(trace, 0) + 1
    return Runs.of(chain.from_iterable(starmap(repeat, counts.items())))
