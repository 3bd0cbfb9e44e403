"""The table that people know."""

import linecache
import logging
import sys
from typing import Any, Optional

from unfreed.compat.memory_profiler.following import not_counted

_ROW = "{0:>6} {1:>12} {2:>12}  {3:>10}   {4:<}"


def show_results(prof: Any, stream: Any = None, precision: int = 1) -> None:
    """Writes a table for each function of a `LineProfiler`, to standard output without a stream.

    `precision` is the number of digits behind the point, of MiB.
    """
    out = sys.stdout if stream is None else stream
    with not_counted():
        for file, lines in prof.code_map.items():
            header = _ROW.format("Line #", "Mem usage", "Increment", "Occurrences", "Line Contents")
            out.write("Filename: " + file + "\n\n")
            out.write(header + "\n")
            out.write("=" * len(header) + "\n")
            texts = linecache.getlines(file)
            for number, measure in lines:
                text = texts[number - 1] if number <= len(texts) else "\n"
                figures: "tuple[object, object, object]" = ("", "", "")
                if measure:
                    figures = (_amount(measure[1], precision), _amount(measure[0], precision), measure[2])
                out.write(_ROW.format(number, *figures, text))
            out.write("\n\n")


def _amount(mib: float, precision: int) -> str:
    text = "%*.*f" % (precision + 4, precision, mib)
    if float(text) == 0:
        text = text.replace("-", " ")  # A few bytes less than before are no loss at this precision.
    return text + " MiB"


class LogFile:
    """A stream that hands what is written to a logger; with `reportIncrementFlag` only headings and lines that added
    something."""

    def __init__(self, name: Optional[str] = None, reportIncrementFlag: bool = False) -> None:
        self.logger = logging.getLogger(name)
        self.reportIncrementFlag = reportIncrementFlag

    def write(self, msg: str, level: int = logging.INFO) -> None:
        """Logs a text, or leaves it out."""
        if not self.reportIncrementFlag or self._is_reported(msg):
            self.logger.log(level, msg)

    def _is_reported(self, msg: str) -> bool:
        parts = msg.split("MiB")
        if len(parts) < 3:
            return "Filename:" in msg or "Line Contents" in msg
        try:
            return float(parts[1]) > 0
        except ValueError:
            return False

    def flush(self) -> None:
        """Flushes the logger's handlers."""
        for handler in self.logger.handlers:
            handler.flush()
