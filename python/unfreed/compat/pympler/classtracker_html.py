"""What a `ClassTracker` found, as pages of HTML with charts."""

import html
import os
from typing import TYPE_CHECKING, Any, Optional

from unfreed.compat.pympler.asized import Asized
from unfreed.compat.pympler.charts import Chart, Series, timespace
from unfreed.compat.pympler.gathered import Stats, by_size, format_trace
from unfreed.compat.pympler.texts import pp, pp_timestamp

if TYPE_CHECKING:
    from unfreed.compat.pympler.classtracker import Snapshot
    from unfreed.compat.pympler.tracked import TrackedObject

_BARS = 60
"""How many points of a history a chart shows."""


class HtmlStats(Stats):
    """Writes pages. What they are put together from can be changed: the attributes are templates."""

    style = """<style type="text/css">
body { font-family: sans-serif; }
table { border-collapse: collapse; }
td, th { padding: 2px 10px; text-align: left; }
.num { text-align: right; }
</style>
"""
    chart_tag = '<img src="%s">\n'
    header = '<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>%s</title>%s</head><body>\n'
    tableheader = '<table border="1">\n'
    tablefooter = "</table>\n"
    footer = "</body></html>\n"
    refrow = (
        '<tr><td style="padding-left: %(level)dem">%(name)s</td>'
        '<td class="num">%(size)s</td><td class="num">%(pct)3.1f%%</td></tr>\n'
    )
    class_summary = (
        "<p>%(cnt)d instances of %(cls)s were registered. The average size is %(avg)s, the minimal size is %(min)s, "
        "the maximum size is %(max)s.</p>\n"
    )
    class_snapshot = "<h3>Snapshot: %(name)s, %(total)s occupied by instances of class %(cls)s</h3>\n"
    snapshot_cls_header = (
        '<tr><th>Class</th><th class="num">Instance #</th><th class="num">Total</th>'
        '<th class="num">Average size</th><th class="num">Share</th></tr>\n'
    )
    snapshot_cls = (
        '<tr><td>%(cls)s</td><td class="num">%(active)d</td><td class="num">%(sum)s</td>'
        '<td class="num">%(avg)s</td><td class="num">%(pct)3.2f%%</td></tr>\n'
    )
    snapshot_summary = (
        "<p>The process had %(sys)s of virtual memory, of which %(overhead)s were the tracker's. Objects that were "
        "tracked had %(tracked)s, all objects %(asizeof)s (nothing, if that was not asked for).</p>\n"
    )

    basedir = ""
    filesdir = ""

    def relative_path(self, filepath: str, basepath: "Optional[str]" = None) -> str:
        """A path as seen from the folder of the title page, or from `basepath`."""
        return os.path.relpath(filepath, self.basedir if basepath is None else basepath)

    def create_html(self, fname: str, title: str = "ClassTracker Statistics") -> None:
        """Writes the title page `fname`, and a page for each class in a folder beside it, `…_files`."""
        base = os.path.splitext(fname)[0]
        self.basedir = os.path.dirname(os.path.abspath(fname))
        self.filesdir = os.path.abspath(base + "_files")
        os.makedirs(self.filesdir, exist_ok=True)
        self.annotate()
        for name in self.tracked_classes:
            self.print_class_details(self._page(name), name)
        self.create_title_page(fname, title)

    def _page(self, name: str) -> str:
        return os.path.join(self.filesdir, self._file(name) + ".html")

    def _file(self, name: str) -> str:
        return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)

    def create_title_page(self, filename: str, title: str = "") -> None:
        """Writes what there was by class, snapshot by snapshot."""
        parts = [self.header % (html.escape(title), self.style), "<h1>%s</h1>\n" % html.escape(title)]
        parts.append("<h2>Memory distribution over time</h2>\n")
        parts.append(self.chart_tag % self.relative_path(self.create_snapshot_chart()))
        parts.append("<h2>Snapshots statistics</h2>\n")
        for snapshot in self.snapshots:
            parts += self._snapshot(snapshot)
        parts.append(self.footer)
        _write(filename, parts)

    def _snapshot(self, snapshot: "Snapshot") -> "list[str]":
        name = html.escape(snapshot.desc or "Untitled")
        parts = ["<h3>%s snapshot at %s</h3>\n" % (name, pp_timestamp(snapshot.timestamp))]
        parts.append(
            self.snapshot_summary
            % {
                "sys": pp(snapshot.total),
                "overhead": pp(snapshot.overhead),
                "tracked": pp(snapshot.tracked_total),
                "asizeof": pp(snapshot.asizeof_total),
            }
        )
        rows = []
        for cls, row in sorted(self.annotate_snapshot(snapshot).items()):
            if row["active"]:
                link = '<a href="%s">%s</a>' % (self.relative_path(self._page(cls)), html.escape(cls))
                shown = {"cls": link, "active": row["active"], "pct": row["pct"]}
                rows.append(self.snapshot_cls % {**shown, "sum": pp(row["sum"]), "avg": pp(row["avg"])})
        if rows:
            parts += [self.tableheader, self.snapshot_cls_header, *rows, self.tablefooter]
            parts.append(self.chart_tag % self.relative_path(self.create_pie_chart(snapshot)))
        return parts

    def print_class_details(self, fname: str, classname: str) -> None:
        """Writes what there is about the objects of one class."""
        objects = self.index[classname]
        sizes = [one.get_max_size() for one in objects]
        called = html.escape(classname)
        parts = [self.header % (called, self.style), "<h1>%s</h1>\n" % called]
        average = sum(sizes) / len(sizes) if sizes else 0
        numbers = {"avg": pp(average), "min": pp(min(sizes, default=0)), "max": pp(max(sizes, default=0))}
        parts.append(self.class_summary % {"cnt": len(objects), "cls": called, **numbers})
        chart = self.create_lifetime_chart(classname, os.path.splitext(fname)[0] + "-lifetime.svg")
        parts.append(self.chart_tag % self.relative_path(chart, os.path.dirname(fname)))
        parts.append("<h2>Coalesced Referents per Snapshot</h2>\n")
        for snapshot in self.snapshots:
            row = self.annotate_snapshot(snapshot).get(classname)
            if row is not None:
                heads = {"name": html.escape(snapshot.desc), "cls": called, "total": pp(row["sum"])}
                parts.append(self.class_snapshot % heads)
                parts += self._print_refs(row["merged"]) or ["<p>No per-referent sizes recorded.</p>\n"]
        parts.append("<h2>Instances</h2>\n")
        for one in objects:
            parts += self._instance(one, called)
        parts.append(self.footer)
        _write(fname, parts)

    def _instance(self, one: "TrackedObject", called: str) -> "list[str]":
        row = "<tr><td>%s</td><td>%s</td></tr>\n"
        parts = [self.tableheader, row % ("Instance", "%s at 0x%08x" % (called, one.id))]
        parts.append(row % ("Representation", html.escape(one.repr)))
        lifetime = "%s - %s" % (pp_timestamp(one.birth), pp_timestamp(one.death))
        parts.append(row % ("Lifetime", lifetime))
        if one.trace:
            parts.append(row % ("Instantiation", "<pre>%s</pre>" % html.escape(format_trace(one.trace))))
        for timestamp, size in one.snapshots:
            parts.append(row % (pp_timestamp(timestamp), pp(size.size) + "".join(self._print_refs(size))))
        return [*parts, self.tablefooter]

    def _print_refs(self, size: Asized, minsize: int = 0, minpct: float = 0.1) -> "list[str]":
        """A table of the parts that have a share, the largest first."""
        rows = []
        waiting: list[tuple[Asized, int]] = [(part, 1) for part in by_size(size.refs)]
        while waiting:
            part, level = waiting.pop(0)
            share = part.size * 100.0 / size.size if size.size else 0.0
            if part.size > minsize and share > minpct:
                shown: dict[str, Any] = {"level": level, "name": html.escape(str(part.name)), "pct": share}
                rows.append(self.refrow % {**shown, "size": pp(part.size)})
                waiting[:0] = [(below, level + 1) for below in by_size(part.refs)]
        return ["<table>\n", *rows, "</table>\n"] if rows else []

    def _chart(self, filename: str, default: str) -> str:
        return filename or os.path.join(self.filesdir, default)

    def create_lifetime_chart(self, classname: str, filename: str = "") -> str:
        """Draws how many objects of a class there were; returns the file's name, `.svg` or `.png`."""
        filename = self._chart(filename, self._file(classname) + "-lifetime.svg")
        changes = [(one.birth, 1) for one in self.index[classname]]
        changes += [(one.death, -1) for one in self.index[classname] if one.death is not None]
        number, points = 0, []
        for at, change in sorted(changes):
            number += change
            points.append((at, number))
        step = len(points) // _BARS + 1
        points = points[::step]
        numbers = [float(many) for _, many in points]
        labels = ["%.1fs" % at for at, _ in points]
        Chart("Objects that were alive", labels, [Series(classname, numbers)], in_bytes=False).write(filename)
        return filename

    def create_snapshot_chart(self, filename: str = "") -> str:
        """Draws bytes by class, snapshot by snapshot; returns the file's name, `.svg` or `.png`."""
        filename = self._chart(filename, "timespace.svg")
        timespace(self).write(filename)
        return filename

    def create_pie_chart(self, snapshot: "Snapshot", filename: str = "") -> str:
        """Draws the shares of classes in one snapshot, as bars; returns the file's name, `.svg` or `.png`."""
        filename = self._chart(filename, "share-%d.svg" % self.snapshots.index(snapshot))
        rows = [row for row in sorted(self.annotate_snapshot(snapshot).items()) if row[1]["sum"]]
        series = []
        for at, (name, row) in enumerate(rows):
            series.append(Series(name, [row["sum"] if at == place else 0 for place in range(len(rows))]))
        Chart("Bytes by class", ["" for _ in rows], series).write(filename)
        return filename


def _write(filename: str, parts: "list[str]") -> None:
    with open(filename, "w", encoding="utf-8") as file:
        file.write("".join(parts))
