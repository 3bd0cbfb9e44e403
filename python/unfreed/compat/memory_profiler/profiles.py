"""Files that `mprof run` writes: which there are, and what stands in one."""

import glob
import os
from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

PATTERN = "mprofile_??????????????.dat"
"""With the moment of the start, `YYYYMMDDhhmmss`."""
Content = Dict[str, object]


class Call(NamedTuple):
    """A call of a function."""

    start: float
    end: float
    """Seconds since 1970."""
    mib_start: float
    mib_end: float
    level: int
    """Calls that it is in."""


class Profile(NamedTuple):
    """What a file says."""

    filename: str
    cmd_line: Optional[str]
    looks: "List[Tuple[float, float]]"
    """Seconds since 1970, and MiB, in the order of time."""
    calls: "Dict[str, List[Call]]"
    children: "Dict[str, List[Tuple[float, float]]]"
    """By number of the process: seconds since 1970, and MiB."""


def read_profile(filename: str) -> Profile:
    """Reads a file. Raises `OSError`, and `ValueError` for one that has other lines, or none but an empty one."""
    profile = Profile(filename, None, [], {}, {})
    with open(filename) as file:
        for number, line in enumerate(file, 1):
            try:
                profile = _with_line(profile, line)
            except (ValueError, IndexError):
                reason = "Sampling time was too short" if line == "\n" else "line %d is damaged" % number
                raise ValueError("%s: %s" % (filename, reason)) from None
    profile.looks.sort()
    return profile


def _with_line(profile: Profile, line: str) -> Profile:
    field, rest = line.rstrip("\n").split(" ", 1)
    words = rest.split(" ")
    if field == "CMDLINE":
        return profile._replace(cmd_line=rest)
    if field == "MEM":
        profile.looks.append((float(words[1]), float(words[0])))
    elif field == "CHLD":
        profile.children.setdefault(words[0], []).append((float(words[2]), float(words[1])))
    elif field == "FUNC":
        # Names of blocks may have spaces in them; very old files have no depth.
        count = 4 if len(words) == 5 else 5
        mib_start, start, mib_end, end = [float(word) for word in words[-count:][:4]]
        level = int(words[-1]) if count == 5 else 0
        profile.calls.setdefault(" ".join(words[:-count]), []).append(Call(start, end, mib_start, mib_end, level))
    return profile


def read_mprofile_file(filename: str) -> Content:
    """The content of a file, in the shape that programs know from memory_profiler."""
    profile = read_profile(filename)
    return {
        "mem_usage": [mib for _, mib in profile.looks],
        "timestamp": [seconds for seconds, _ in profile.looks],
        "func_timestamp": {
            name: [[call.start, call.end, call.mib_start, call.mib_end, call.level] for call in calls]
            for name, calls in profile.calls.items()
        },
        "filename": profile.filename,
        "cmd_line": profile.cmd_line,
        "children": {
            child: [(mib, seconds) for seconds, mib in looks] for child, looks in profile.children.items()
        },
    }


def existing() -> "List[str]":
    """Files of the current folder, the oldest first."""
    return sorted(glob.glob(PATTERN))


def get_profile_filenames(args: "Union[str, Iterable[str]]") -> "List[str]":
    """Files by names or by numbers in the order of age (0 is the oldest, -1 the newest), or `all`.

    Raises `ValueError` for one that is not there.
    """
    present = existing()
    names = present if args == "all" else [_file(arg, present) for arg in args if arg != "--"]
    found = list(dict.fromkeys(names))
    for name in reversed(found[:]):
        base, ending = os.path.splitext(name)
        stamps = base + "_ts" + ending
        if os.path.isfile(stamps) and stamps not in found:
            found.append(stamps)
    return found


def _file(arg: str, present: "List[str]") -> str:
    try:
        number = int(arg)
    except ValueError:
        if os.path.isfile(arg):
            return arg
        what = "Path %s is a directory" if os.path.isdir(arg) else "File %s not found"
        raise ValueError(what % arg) from None
    try:
        return present[number]
    except IndexError:
        raise ValueError("Invalid index (non-existing file): %s" % arg) from None


def function_labels(dotted_function_names: "Iterable[str]") -> "Dict[str, str]":
    """The shortest label for each name that is no other's: as many of its last parts as that takes."""
    parts = {name: name.split(".") for name in dotted_function_names}
    labels: "Dict[str, str]" = {}
    for name, own in parts.items():
        for count in range(1, len(own) + 1):
            labels[name] = ".".join(own[-count:])
            if not any(_ends(other, own[-count:]) for key, other in parts.items() if key != name):
                break
    return labels


def _ends(parts: "List[str]", end: "List[str]") -> bool:
    return parts[-len(end) :] == end


def filter_mprofile_mem_usage_by_function(prof: Content, func: Optional[str]) -> "List[float]":
    """MiB that were measured while a function ran; all without one. Raises `ValueError` if it did not run."""
    usage: "List[float]" = prof["mem_usage"]  # type: ignore[assignment]
    if func is None:
        return usage
    calls: "Dict[str, List[List[float]]]" = prof["func_timestamp"]  # type: ignore[assignment]
    if func not in calls:
        raise ValueError("%s was not found." % func)
    stamps: "List[float]" = prof["timestamp"]  # type: ignore[assignment]
    return [
        mib for mib, seconds in zip(usage, stamps) for call in calls[func] if call[0] <= seconds <= call[1]
    ]
