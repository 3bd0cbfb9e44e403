"""`mprof plot` to files that are not SVG, by matplotlib; importing this raises `ImportError` where there is none."""

from typing import Any, List, Optional

import matplotlib  # type: ignore[import-not-found,unused-ignore]

from unfreed.compat.memory_profiler.plot import Wishes, children_of, merged, started_at, trend
from unfreed.compat.memory_profiler.profiles import Profile, function_labels


def save(profiles: "List[Profile]", wishes: Wishes, output: str, backend: Optional[str]) -> None:
    """Writes the picture; its kind is what the file's name ends with."""
    matplotlib.use(backend or "Agg")
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    figure = pyplot.figure(figsize=(14, 6), dpi=90)
    axes: Any = figure.add_axes((0.1, 0.1, 0.6, 0.75))
    for profile in profiles:
        points = merged(profile)
        lines = [(profile.cmd_line or profile.filename, points)]
        lines += [("child %s" % child, looks) for child, looks in zip(profile.children, children_of(profile))]
        for label, looks in lines:
            slope, base = trend(looks)
            times = [x for x, _ in looks]
            text = label + " slope %.5f" % slope if wishes.slope else label
            axes.plot(times, [y for _, y in looks], "+-", label=text)
            if wishes.slope:
                axes.plot(times, [base + slope * x for x in times], "--")
        if wishes.timestamps and len(profiles) == 1:
            _spans(axes, profile)
    if wishes.window:
        axes.set_xlim(*wishes.window)
    axes.set_xlabel("time (in seconds)")
    axes.set_ylabel("memory used (in MiB)")
    axes.set_title(wishes.title or (profiles[0].cmd_line or "" if len(profiles) == 1 else ""))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    axes.grid()
    figure.savefig(output)
    pyplot.close(figure)


def _spans(axes: Any, profile: Profile) -> None:
    """Calls as coloured stretches of time."""
    start = started_at(profile)
    labels = function_labels(profile.calls)
    for number, (name, calls) in enumerate(profile.calls.items()):
        for call in calls:
            text = "%s %.3fs" % (labels[name], call.end - call.start)
            axes.axvspan(call.start - start, call.end - start, color="C%d" % (number + 1), alpha=0.2, label=text)
