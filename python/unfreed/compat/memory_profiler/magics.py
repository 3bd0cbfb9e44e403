"""`%memit` and `%mprun` for IPython and notebooks. IPython is imported by whoever loads them, never by unfreed."""

import builtins
import gc
import io
import shlex
from getopt import GetoptError, getopt
from typing import Any, Dict, List, Optional, Tuple

from unfreed.compat.memory_profiler.lines import LineProfiler
from unfreed.compat.memory_profiler.sampling import memory_usage
from unfreed.compat.memory_profiler.table import show_results


class MemitResult:
    """What `%memit` measured, in MiB."""

    def __init__(
        self,
        mem_usage: "List[float]",
        baseline: float,
        repeat: int,
        timeout: Optional[int],
        interval: float,
        include_children: bool,
    ) -> None:
        self.mem_usage = mem_usage
        self.baseline = baseline
        self.repeat = repeat
        self.timeout = timeout
        self.interval = interval
        self.include_children = include_children

    def __str__(self) -> str:
        most = max(self.mem_usage)
        return "peak memory: %.02f MiB, increment: %.02f MiB" % (most, most - self.baseline)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("<MemitResult : %s>" % self)


class MemoryProfilerMagics:
    """The magics of one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell

    @classmethod
    def register_magics(cls, ip: Any) -> None:
        """Adds them to a shell."""
        magics = cls(ip)
        ip.register_magic_function(magics.memit, magic_kind="line_cell", magic_name="memit")
        ip.register_magic_function(magics.mprun, magic_kind="line_cell", magic_name="mprun")

    def memit(self, line: str = "", cell: Optional[str] = None) -> Optional[MemitResult]:
        """Measures what the process occupies while a statement runs.

        `%memit [-rR -tT -iI -c -o -q] statement`; `%%memit [options] setup` measures the lines below, after setup.

        -r R: run it R times (1). -t T: taken for compatibility. -i I: seconds between measurements (0.1).
        -c: add child processes. -o: return the result. -q: print nothing.
        """
        options, rest = _options(line, "r:t:i:coq")
        setup, statement = ("pass", rest) if cell is None else (rest, cell)
        repeat = max(1, int(options.get("r", ["1"])[-1]))
        timeout = int(options.get("t", ["0"])[-1])
        interval = float(options.get("i", ["0.1"])[-1])
        # What waits for the collector would be freed, or not, while the statement runs.
        gc.collect()
        space = self.shell.user_ns
        _func_exec(setup, space)
        children = "c" in options
        baseline = memory_usage(include_children=children)[0]
        call = (_func_exec, (statement, space))
        found = [
            memory_usage(call, interval=interval, max_usage=True, include_children=children) for _ in range(repeat)
        ]
        result = MemitResult(found, baseline, repeat, timeout if timeout > 0 else None, interval, children)
        if "q" not in options:
            print(result)
        return result if "o" in options else None

    def mprun(self, parameter_s: str = "", cell: Optional[str] = None) -> Optional[LineProfiler]:
        """Shows line by line what functions do while a statement runs, also such that were written in a cell.

        `%mprun -f function [-f other] statement`; `%%mprun -f function` runs the lines below.

        -f F: a function, as an expression without spaces. -T FILE: write the tables to a file as well.
        -r: return the profiler. -c: add child processes.
        """
        options, statement = _options(parameter_s, "rf:T:c")
        if cell is not None:
            statement += "\n" + cell
        profiler = LineProfiler(include_children="c" in options)
        for name in options.get("f", []):
            try:
                profiler.add_function(eval(name, self.shell.user_global_ns, self.shell.user_ns))
            except Exception as error:
                reason = "%s: %s" % (type(error).__name__, error)
                raise _usage_error("Could not find function %r.\n%s" % (name, reason)) from None
        message = self._run(profiler, statement)
        trap = io.StringIO()
        show_results(profiler, trap)
        output = trap.getvalue().rstrip()
        self._page(output)
        print(message)
        for path in options.get("T", [])[-1:]:
            with open(path, "w") as file:
                file.write(output)
            print("\n*** Profile printout saved to text file %s. %s" % (path, message))
        return profiler if "r" in options else None

    def _run(self, profiler: LineProfiler, statement: str) -> str:
        names: "Dict[str, Any]" = vars(builtins)
        before = names.get("profile", self)
        names["profile"] = profiler
        try:
            profiler.runctx(statement, self.shell.user_global_ns, self.shell.user_ns)
        except SystemExit:
            return "*** SystemExit exception caught in code being profiled."
        except KeyboardInterrupt:
            return "*** KeyboardInterrupt exception caught in code being profiled."
        finally:
            if before is self:
                del names["profile"]
            else:
                names["profile"] = before
        return ""

    def _page(self, text: str) -> None:
        if getattr(self.shell, "kernel", None) is not None:
            # The pager of a notebook is a window that most frontends do not have.
            print(text)
            return
        from IPython.core.page import page

        page(text)


def load_ipython_extension(ip: Any) -> None:
    """`%load_ext unfreed.compat.memory_profiler`."""
    MemoryProfilerMagics.register_magics(ip)


def _func_exec(stmt: str, ns: "Dict[str, Any]") -> None:
    """Executes a statement in a namespace."""
    exec(stmt, ns)


def _options(line: str, known: str) -> "Tuple[Dict[str, List[str]], str]":
    """Options by letter, and what comes behind them as it was typed."""
    rest = line.lstrip()
    words: "List[str]" = []
    while rest.startswith("-") and len(rest) > 1:
        word, rest = _cut(rest)
        words.append(word)
        if word == "--":
            break
        letter = known.find(word[1])
        if letter >= 0 and known[letter + 1 : letter + 2] == ":" and len(word) == 2:
            value, rest = _cut(rest)
            words.append(value)
    try:
        pairs, _ = getopt(words, known)
    except GetoptError as error:
        raise _usage_error(str(error)) from None
    options: "Dict[str, List[str]]" = {}
    for name, value in pairs:
        plain = shlex.split(value)[0] if value and value[0] in "'\"" else value
        options.setdefault(name.lstrip("-"), []).append(plain)
    return options, rest


def _cut(text: str) -> "Tuple[str, str]":
    word, _, rest = text.partition(" ")
    return word, rest.lstrip()


def _usage_error(text: str) -> Exception:
    from IPython.core.error import UsageError

    error: Exception = UsageError(text)
    return error
