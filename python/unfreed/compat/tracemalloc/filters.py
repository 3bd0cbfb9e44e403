"""Which traces of a snapshot are looked at: `Filter` and `DomainFilter`."""

import os.path
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Optional

from unfreed.compat.tracemalloc.frames import RawFrames
from unfreed.compat.tracemalloc.traces import RawTrace, Runs


class BaseFilter:
    """Includes or excludes what it matches."""

    def __init__(self, inclusive: bool) -> None:
        self.inclusive = inclusive

    def _match(self, trace: RawTrace) -> bool:
        """Whether the trace stays: it matches and is included, or does not and is excluded."""
        raise NotImplementedError


class Filter(BaseFilter):
    """By file and line."""

    def __init__(
        self,
        inclusive: bool,
        filename_pattern: str,
        lineno: Optional[int] = None,
        all_frames: bool = False,
        domain: Optional[int] = None,
    ) -> None:
        """`filename_pattern` may have `*`, `?` and `[]`; of `all_frames` one has to match, else the innermost."""
        super().__init__(inclusive)
        self.lineno = lineno
        self.all_frames = all_frames
        self.domain = domain
        self._filename_pattern = _normalized(filename_pattern)

    @property
    def filename_pattern(self) -> str:
        """The pattern, `.pyc` read as `.py`."""
        return self._filename_pattern

    def _is_at(self, filename: str, lineno: int) -> bool:
        is_file = fnmatch(_normalized(filename), self._filename_pattern)
        return is_file and self.lineno in (None, lineno)

    def _match_frame(self, filename: str, lineno: int) -> bool:
        return self._is_at(filename, lineno) == bool(self.inclusive)

    def _match_traceback(self, frames: RawFrames) -> bool:
        seen = frames if self.all_frames else frames[:1]
        return any(self._is_at(filename, lineno) for filename, lineno in seen) == bool(self.inclusive)

    def _match(self, trace: RawTrace) -> bool:
        stays = self._match_traceback(trace[2])
        if self.domain is None:
            return stays
        is_of_domain = trace[0] == self.domain
        return stays and is_of_domain if self.inclusive else stays or not is_of_domain


class DomainFilter(BaseFilter):
    """By domain."""

    def __init__(self, inclusive: bool, domain: int) -> None:
        super().__init__(inclusive)
        self._domain = domain

    @property
    def domain(self) -> int:
        """The domain that it matches."""
        return self._domain

    def _match(self, trace: RawTrace) -> bool:
        return (trace[0] == self._domain) == bool(self.inclusive)


def filtered(runs: Runs, filters: "Iterable[BaseFilter]") -> Runs:
    """What one of the inclusive filters matches, if there are any, and no exclusive one."""
    filters = list(filters)
    including = [one for one in filters if one.inclusive]
    excluding = [one for one in filters if not one.inclusive]

    def stays(trace: RawTrace) -> bool:
        if including and not any(one._match(trace) for one in including):
            return False
        return all(one._match(trace) for one in excluding)

    if all(type(one)._match in _BY_STACK for one in filters):
        return runs.of_stacks(lambda stack: stays((stack[0], 0, stack[1], stack[2])))
    return runs.of_runs(map(stays, runs.distinct()))


_BY_STACK = (Filter._match, DomainFilter._match)
"""They do not ask for the size."""


def _normalized(filename: str) -> str:
    filename = os.path.normcase(filename)
    return filename[:-1] if filename.endswith(".pyc") else filename
