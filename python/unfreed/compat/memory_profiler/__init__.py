"""The functions of memory_profiler 0.61, over figures of Python's allocators and of /proc: `from
unfreed.compat.memory_profiler import profile`.

What differs on purpose, and why, stands in docs/compat.md.
"""

# Private in memory_profiler as well, but programs and its own tests call them.
from unfreed.compat.memory_profiler.backends import _get_memory as _get_memory
from unfreed.compat.memory_profiler.backends import choose_backend
from unfreed.compat.memory_profiler.decorator import profile
from unfreed.compat.memory_profiler.lines import CodeMap, LineProfiler
from unfreed.compat.memory_profiler.magics import MemitResult, MemoryProfilerMagics, load_ipython_extension
from unfreed.compat.memory_profiler.magics import _func_exec as _func_exec
from unfreed.compat.memory_profiler.running import VERSION as __version__
from unfreed.compat.memory_profiler.running import _find_script as _find_script
from unfreed.compat.memory_profiler.running import exec_with_profiler, run_module_with_profiler
from unfreed.compat.memory_profiler.sampling import memory_usage
from unfreed.compat.memory_profiler.table import LogFile, show_results
from unfreed.compat.memory_profiler.timestamps import TimeStamper

__all__ = [
    "CodeMap",
    "LineProfiler",
    "LogFile",
    "MemitResult",
    "MemoryProfilerMagics",
    "TimeStamper",
    "__version__",
    "choose_backend",
    "exec_with_profiler",
    "load_ipython_extension",
    "memory_usage",
    "profile",
    "run_module_with_profiler",
    "show_results",
]
