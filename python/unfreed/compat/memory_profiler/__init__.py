"""The functions of memory_profiler 0.61, over figures of Python's allocators and of /proc: `from
unfreed.compat.memory_profiler import profile`.

What differs on purpose, and why, stands in docs/compat.md.
"""

from unfreed.compat.memory_profiler.backends import choose_backend
from unfreed.compat.memory_profiler.decorator import profile
from unfreed.compat.memory_profiler.lines import CodeMap, LineProfiler
from unfreed.compat.memory_profiler.table import LogFile, show_results

__version__ = "0.61.0"

__all__ = ["CodeMap", "LineProfiler", "LogFile", "choose_backend", "profile", "show_results"]
