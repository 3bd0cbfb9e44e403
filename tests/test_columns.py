"""Memory of columns: buffers of pyarrow, of pandas over it, and of polars count, each once, for whoever holds them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import unfreed
from programs.runs import clean_environment
from test_api import MIB
from test_heap import ask


def is_about(size: int, expected: int) -> bool:
    return 0.99 * expected <= size <= 1.02 * expected + 2000


def of_type(kind: str) -> tuple[int, int]:
    rows = [row for row in unfreed.census(limit=None) if row["type"] == kind]
    return (rows[0]["objects"], rows[0]["bytes"]) if rows else (0, 0)


def test_buffers_of_pyarrow_count_once() -> None:
    arrow = pytest.importorskip("pyarrow")
    numbers = arrow.array(range(MIB // 8), arrow.int64())
    texts = arrow.array(["x" * 100] * 10_000)
    size = MIB + texts.nbytes
    table = arrow.table({"numbers": numbers[:10_000], "texts": texts})
    batch = table.to_batches()[0]
    for sample in (numbers, numbers[5:7], arrow.chunked_array([numbers]), numbers.buffers()[1], [numbers, numbers[1:]]):
        assert is_about(unfreed.sizeof(sample), MIB), type(sample)
    for sample in (table, batch, [table, batch, numbers, texts, table["texts"], table.schema]):
        assert is_about(unfreed.sizeof(sample), size), type(sample)
    for sample in (
        arrow.array([{"a": 1, "b": [1.5, 2.5]}] * 40_000),
        arrow.array(["x" * 1000, "y" * 2000] * 20_000).dictionary_encode(),
        arrow.array([[1, 2, 3]] * 10_000),
        arrow.array([b"x" * 64] * 1000, arrow.binary(64)),
        arrow.allocate_buffer(MIB, resizable=True),
        arrow.array([True, None] * 100_000),
    ):
        expected = sample.nbytes if hasattr(sample, "nbytes") else sample.size
        assert 0.99 * expected <= unfreed.sizeof(sample) < 1.3 * expected + 2000, sample.type


def test_memory_of_python_behind_pyarrow_is_its_objects() -> None:
    arrow, numpy = pytest.importorskip("pyarrow"), pytest.importorskip("numpy")
    data, array = bytes(MIB), numpy.zeros(MIB // 8)
    for sample, base in (
        (arrow.py_buffer(data), data),
        (arrow.array(array), array),
        (arrow.Tensor.from_numpy(array), array),
        (arrow.foreign_buffer(array.ctypes.data, MIB, array), array),
    ):
        assert is_about(unfreed.sizeof(sample, base), MIB), type(sample)
        assert is_about(unfreed.sizeof(sample), MIB), type(sample)
        assert unfreed.sizeof(sample, exclusive=True) < 10_000


def test_retained_memory_of_columns_is_its_holders() -> None:
    arrow = pytest.importorskip("pyarrow")
    objects, size = of_type("arrow.Buffer")
    shared, own = (arrow.array(range(MIB // 8), arrow.int64()) for _ in range(2))
    table = arrow.table({"shared": shared, "own": own})
    del own
    assert of_type("arrow.Buffer") == (objects + 2, size + 2 * MIB)
    assert is_about(unfreed.sizeof(table, exclusive=True), MIB)
    assert is_about(unfreed.sizeof(table, shared=True), MIB)
    assert sum(row["bytes"] for row in unfreed.retained(table)) > MIB
    assert [row["reference"] for row in unfreed.referents(table) if row["own"] == MIB] == [".buffer"] * 2
    del table, shared
    assert of_type("arrow.Buffer") == (objects, size)


def test_columns_of_pandas_that_are_made_of_arrow_count() -> None:
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    texts = pandas.Series(["x" * 100] * 10_000, dtype="string[pyarrow]")
    numbers = pandas.Series(range(MIB // 8), dtype="int64[pyarrow]")
    assert 10_000 * 104 < unfreed.sizeof(texts) < 10_000 * 104 * 1.1
    assert is_about(unfreed.sizeof(numbers), MIB)
    frame = pandas.DataFrame({"texts": texts, "numbers": numbers[:10_000]})
    assert 10_000 * 112 < unfreed.sizeof(frame) < 3 * MIB
    assert "arrow.Buffer" in str(unfreed.sizeof(frame, depth=9).tree())


def test_columns_of_polars_count_once() -> None:
    polars = pytest.importorskip("polars")
    numbers = polars.Series("numbers", range(MIB // 8))
    frame = polars.DataFrame({"numbers": numbers})
    for sample in (numbers, frame, [numbers, frame, frame["numbers"], numbers[5:]]):
        assert is_about(unfreed.sizeof(sample), MIB), type(sample)
    assert unfreed.sizeof(frame, exclusive=True) < 5000
    assert is_about(unfreed.sizeof(frame, shared=True), MIB)
    objects, size = of_type("polars.Buffer")
    assert objects >= 1 and size >= MIB
    del numbers, frame, sample
    assert of_type("polars.Buffer") == (objects - 1, size - MIB)


def test_each_type_of_polars_has_its_size() -> None:
    polars = pytest.importorskip("polars")
    import datetime
    import decimal

    day, count = datetime.date(2026, 1, 1), 20_000
    for values, kind, expected in (
        (["x" * 100 + str(n) for n in range(count)], None, count * (16 + 104)),
        ([b"y" * 50] * count, None, count * 66),
        ([True, False] * count, None, count // 4),
        ([day] * count, None, count * 4),
        ([datetime.datetime(2026, 1, 1)] * count, None, count * 8),
        ([datetime.timedelta(1)] * count, None, count * 8),
        ([decimal.Decimal("1.5")] * count, None, count * 16),
        ([[1, 2, 3]] * count, None, count * 32),
        ([{"a": 1, "b": 2.5}] * count, None, count * 16),
        (["a", "b"] * count, polars.Categorical, count * 8),
        ([[1.5, 2.5]] * count, polars.Array(polars.Float64, 2), count * 16),
        ([object() for _ in range(count)], polars.Object, count * 8),
        ([None] * count, polars.Null, 0),
    ):
        series = polars.Series(values, dtype=kind)
        size = unfreed.sizeof(series)
        assert 0.95 * expected <= size <= 1.2 * expected + 5000, (series.dtype, size, expected)


SNAPSHOT = """
import sys, unfreed
held = {}
try:
    import pyarrow
    held["arrow"] = pyarrow.table({"numbers": pyarrow.array(range(131072), pyarrow.int64())})
except ImportError:
    pass
try:
    import polars
    held["polars"] = polars.DataFrame({"numbers": range(131072)})
except ImportError:
    pass
unfreed.snapshot(sys.argv[1], fork=sys.argv[2] == "fork")
print(",".join(held))
"""


@pytest.mark.parametrize("manner", ["in place", "fork"])
def test_snapshots_have_columns(tmp_path: Path, manner: str) -> None:
    recording = tmp_path / "columns.unfreed"
    command = [sys.executable, "-c", SNAPSHOT, str(recording), manner]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, env=clean_environment(), check=False)
    assert done.returncode == 0, done.stderr
    held = done.stdout.strip().split(",") if done.stdout.strip() else []
    if not held:
        pytest.skip("neither pyarrow nor polars is installed")
    rows: list[dict[str, Any]] = ask(recording, "census")["rows"]
    for name in held:
        assert [row["bytes"] for row in rows if row["type"] == name + ".Buffer"] == [MIB], name
    paths = ask(recording, "path", held[0] + ".Buffer")["rows"]
    assert paths[0]["path"].startswith("__main__.held['%s']" % held[0])


def test_what_cannot_be_read_of_a_column_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    from unfreed import _columns

    class Broken:
        def estimated_size(self) -> int:
            raise ValueError

        def get_columns(self) -> list[Any]:
            raise ValueError

    broken = Broken()
    assert _columns._ranges(broken) == []
    assert _columns._columns(broken) == []
    assert list(_columns._joined([(100, 50, 1), (120, 10, 2), (150, 5, 3)])) == [(1, 100, 50), (2, 100, 50), (3, 150, 5)]
