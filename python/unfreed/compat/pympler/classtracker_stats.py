"""What a `ClassTracker` found, as text or as pages of HTML."""

from typing import TYPE_CHECKING, Optional

from unfreed.compat.pympler.asized import Asized
from unfreed.compat.pympler.classtracker_html import HtmlStats
from unfreed.compat.pympler.gathered import Stats, by_size, format_trace
from unfreed.compat.pympler.texts import pp, pp_timestamp, trunc

if TYPE_CHECKING:
    from unfreed.compat.pympler.tracked import TrackedObject

__all__ = ["ConsoleStats", "HtmlStats", "Stats"]

_WIDTH = 79
_NAME = 33


class ConsoleStats(Stats):
    """Prints it as text."""

    def _print_refs(self, refs: "tuple[Asized, ...]", total: int, level: int = 1, minsize: int = 0) -> None:
        """Parts that have a size, the largest first, each with its own below it."""
        waiting = [(part, level) for part in by_size(refs)]
        while waiting:
            part, depth = waiting.pop(0)
            if part.size > minsize:
                name = trunc("  " * (depth + 1) + str(part.name), 50)
                share = part.size * 100 // total if total else 0
                self.stream.write("%-50s %s%8d%% [%d]\n" % (name, pp(part.size), share, depth))
                waiting[:0] = [(below, depth + 1) for below in by_size(part.refs)]

    def print_object(self, tobj: "TrackedObject") -> None:
        """Prints one object: where it was made, its sizes and when it went."""
        where = "( free )  " if tobj.death is not None else "0x%08x" % tobj.id
        self.stream.write("%-32s %s %-35s\n" % (trunc(tobj.classname, 32, left=True), where, trunc(tobj.repr, 35)))
        if tobj.trace:
            self.stream.write(format_trace(tobj.trace))
        for timestamp, size in tobj.snapshots:
            self.stream.write("  %-30s %s\n" % (pp_timestamp(timestamp), pp(size.size)))
            self._print_refs(size.refs, size.size)
        if tobj.death is not None:
            self.stream.write("  %-30s finalize\n" % pp_timestamp(tobj.death))

    def print_stats(self, clsname: "Optional[str]" = None, limit: float = 1.0) -> None:
        """Prints the objects: those whose class has `clsname` in its name, and of these `limit`: a number, or a share
        if it is a float up to 1."""
        self._init_sort()
        shown = [one for one in self.sorted if clsname is None or clsname in one.classname]
        number = int(len(shown) * limit) if isinstance(limit, float) and limit <= 1 else int(limit)
        for one in shown[:number]:
            self.print_object(one)

    def print_summary(self) -> None:
        """Prints for each snapshot how many objects of which class there were, and their bytes."""
        names = self.tracked_classes
        self.stream.write("---- SUMMARY ".ljust(_WIDTH, "-") + "\n")
        for snapshot in self.snapshots:
            heads = (trunc(snapshot.desc, 35), "active", pp(snapshot.asizeof_total), "average", "pct")
            self.stream.write("%-35s %11s %12s %12s %5s\n" % heads)
            classes = self.annotate_snapshot(snapshot)
            for name in names:
                row = classes.get(name)
                if row is not None:
                    numbers = (row["active"], pp(row["sum"]), pp(row["avg"]), row["pct"])
                    line = "  %-33s %11d %12s %12s %4d%%\n"
                    self.stream.write(line % (trunc(name, _NAME, left=True), *numbers))
        self.stream.write("-" * _WIDTH + "\n")
