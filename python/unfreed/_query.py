"""Answers `unfreed query`: SQL over Parquet files that the command has just written, by DuckDB, in this process.

Started as `python -m unfreed._query TASK`, where TASK is JSON of the command's. What the tables mean is in docs/query.md.
"""

import csv
import json
import os
import sys
from typing import Any, List, Optional, Sequence, TextIO

TABLES = ("objects", "types", "edges", "sites", "paths", "dominators")
WIDEST = 60
"""Longest text of a table's cell; its middle goes."""


def main() -> int:
    """Prints the answer; 1 when there is none, and why is said."""
    task = json.loads(sys.argv[1])
    import duckdb

    with duckdb.connect(":memory:") as connection:
        for table in TABLES:
            place = os.path.join(task["folder"], table + ".parquet").replace("'", "''")
            connection.execute("create view %s as select * from read_parquet('%s')" % (table, place))
        sql = task["sql"]
        if sql is None:
            sql = _about(connection)
        try:
            answer = connection.execute(sql)
            names = [column[0] for column in answer.description or []]
            rows = answer.fetchall()
        except duckdb.Error as error:
            print("error: " + _first_sentences(str(error)), file=sys.stderr)
            return 1
    try:
        _print(task, names, rows)
        sys.stdout.flush()
    except BrokenPipeError:
        # `| head` has seen enough. What is still buffered must not fail at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _about(connection: Any) -> str:
    """SQL that lists the tables."""
    parts = []
    for table in TABLES:
        (rows,) = connection.execute("select count(*) from " + table).fetchone()
        names = [row[0] for row in connection.execute("describe " + table).fetchall()]
        parts.append("('%s', %d, '%s')" % (table, rows, ", ".join(names)))
    return 'select * from (values %s) as tables("table", "rows", "columns")' % ", ".join(parts)


def _first_sentences(text: str) -> str:
    """An error of DuckDB in one line: without the picture of where in the query it is."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    return " ".join(kept)


def _print(task: "dict[str, Any]", names: "List[str]", rows: "List[Sequence[Any]]") -> None:
    if task["form"] == "json":
        json.dump([dict(zip(names, row)) for row in rows], sys.stdout, indent=2, default=str)
        print()
    elif task["form"] == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
    else:
        _print_table(names, rows[: task["limit"]], sys.stdout)
        left = len(rows) - task["limit"]
        if left > 0:
            print("… and %s more; --limit N shows more" % format(left, ","))


def _print_table(names: "List[str]", rows: "List[Sequence[Any]]", out: TextIO) -> None:
    numeric = [all(row[index] is None or _is_number(row[index]) for row in rows) for index in range(len(names))]
    cells = [names] + [[_cell(name, value) for name, value in zip(names, row)] for row in rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(names))]
    for row in cells:
        padded = [
            cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, numeric)
        ]
        print("  ".join(padded).rstrip(), file=out)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(name: str, value: Optional[Any]) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        is_name = name in ("id", "line", "position") or name.endswith("_id")
        return str(value) if is_name else format(value, ",")
    if isinstance(value, float):
        return format(value, ",.2f")
    text = " ← ".join(str(value).splitlines())
    if len(text) > WIDEST and name != "columns":
        half = (WIDEST - 1) // 2
        text = text[:half] + "…" + text[-half:]
    return text


if __name__ == "__main__":
    sys.exit(main())
