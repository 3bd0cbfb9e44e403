"""A thousand innocent tests under `pytest --unfreed`: none of them may fail.

    python benchmarks/innocents.py [--each 25] [FILE]

Writes a test module with every kind below in so many variants, runs it twice, without and with `--unfreed`, and prints
what that cost. Ends with 1 when a test failed or was not repeated. Uses the Python that it is started with.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KINDS = {
    "arithmetic": "assert sum(i * i for i in range(n + 50)) > 0",
    "big_integers": "assert (3 ** (n * 40 + 1)) % 7 >= 0",
    "floats": "assert math.isclose(math.fsum([0.1] * (n + 1)), 0.1 * (n + 1))",
    "text": "assert len(('%d ä' % n) * 20) > 0 and ('x%d' % n).upper().startswith('X')",
    "encodings": "assert ('ä%d' % n).encode('utf-16').decode('utf-16') == 'ä%d' % n",
    "imports": "importlib.reload(importlib.import_module(['colorsys', 'stat', 'keyword', 'bisect'][n % 4]))",
    "strptime": "assert datetime.datetime.strptime('2026-01-%02d' % (n % 28 + 1), '%Y-%m-%d').day == n % 28 + 1",
    "dates": "assert datetime.date(2026, 1, 1) + datetime.timedelta(n) > datetime.date(2025, 12, 31)",
    "regex": "assert re.compile('a{%d}b|c' % n).search('a' * n + 'b')",
    "regex_substitution": "assert re.sub(r'(\\d+)', lambda m: m.group(1) * 2, 'a%d' % n)",
    "cycles": "a = []\n    a.append([a] * n)",
    "cycles_of_instances": "class Node: pass\n    a, b = Node(), Node()\n    a.other, b.other = b, a",
    "exceptions": "with pytest.raises(ValueError):\n        int('x%d' % n)",
    "exception_chains": "try:\n        try:\n            {}[n]\n        except KeyError as error:\n            raise RuntimeError(n) from error\n    except RuntimeError as error:\n        assert error.__cause__",
    "logging": "logging.getLogger('innocent').warning('number %d', n)",
    "logging_handlers": "log = logging.getLogger('innocent.handler')\n    handler = logging.StreamHandler(io.StringIO())\n    log.addHandler(handler)\n    log.error('x')\n    log.removeHandler(handler)",
    "json": "assert json.loads(json.dumps({'a': [n, None, 'x' * n]}))['a'][0] == n",
    "pickle": "assert pickle.loads(pickle.dumps({n: (n, str(n))}))[n][0] == n",
    "dataclasses": "D = dataclasses.make_dataclass('D', ['x', 'y'])\n    assert D(n, 1) == D(n, 1)",
    "namedtuples": "P = collections.namedtuple('P', 'x y')\n    assert P(n, 2).x == n",
    "enums": "E = enum.Enum('E', ['A%d' % i for i in range(n % 5 + 1)])\n    assert E(1)",
    "decimal": "with decimal.localcontext() as context:\n        context.prec = n + 5\n        assert decimal.Decimal(1) / 3 > 0",
    "fractions": "assert fractions.Fraction(n + 1, 3) * 3 == n + 1",
    "contextlib": "with contextlib.ExitStack() as stack:\n        stack.callback(int)\n        stack.enter_context(contextlib.suppress(KeyError))\n        {}[n]",
    "asyncio_run": "asyncio.run(asyncio.sleep(0))",
    "asyncio_gather": "async def work(i):\n        await asyncio.sleep(0)\n        return i\n    async def all_of():\n        return await asyncio.gather(*[work(i) for i in range(n % 5 + 1)])\n    assert asyncio.run(all_of())[0] == 0",
    "generators": "def count():\n        yield from range(n)\n    assert len(list(count())) == n",
    "suspended_generator": "def count():\n        yield from range(n + 2)\n    assert next(count()) == 0",
    "threads": "thread = threading.Thread(target=int)\n    thread.start()\n    thread.join()",
    "thread_pool": "with concurrent.futures.ThreadPoolExecutor(2) as pool:\n        assert list(pool.map(abs, range(n + 1)))[-1] == n",
    "thread_locals": "local = threading.local()\n    local.x = [n]\n    assert local.x == [n]",
    "subprocess": "assert subprocess.run(['true']).returncode == 0",
    "sqlite3": "connection = sqlite3.connect(':memory:')\n    connection.execute('create table t (x)')\n    connection.executemany('insert into t values (?)', [(i,) for i in range(n + 1)])\n    assert connection.execute('select count(*) from t').fetchone() == (n + 1,)\n    connection.close()",
    "files": "path = tmp_path / 'file'\n    path.write_text('x' * n)\n    assert len(path.read_text()) == n",
    "temporary_files": "with tempfile.TemporaryFile() as file:\n        file.write(b'x' * n)",
    "zip": "buffer = io.BytesIO()\n    with zipfile.ZipFile(buffer, 'w') as archive:\n        archive.writestr('a', 'x' * n)",
    "compression": "assert zlib.decompress(zlib.compress(b'x' * n * 100)) == b'x' * n * 100",
    "hashes": "assert hashlib.sha256(b'x' * n).hexdigest()",
    "sorting": "assert sorted(range(n + 9), key=lambda i: -i)[0] == n + 8",
    "weak_references": "class Node: pass\n    node = Node()\n    reference = weakref.ref(node)\n    del node\n    gc.collect()\n    assert reference() is None",
    "bounded_cache": "@functools.lru_cache(8)\n    def square(i):\n        return i * i\n    assert [square(i) for i in range(n + 20)]",
    "mocks": "with unittest.mock.patch('os.getcwd', return_value=str(n)):\n        assert os.getcwd() == str(n)",
    "monkeypatch": "monkeypatch.setenv('INNOCENT', str(n))\n    assert os.environ['INNOCENT'] == str(n)",
    "captured_output": "print(n)\n    assert capsys.readouterr().out == '%d\\n' % n",
    "xml": "assert xml.etree.ElementTree.fromstring('<a><b x=\"%d\"/></a>' % n)[0].get('x') == str(n)",
    "context_variables": "variable = contextvars.ContextVar('innocent')\n    contextvars.copy_context().run(variable.set, n)",
}
"""Body of a test by its kind; `n` is the variant."""
FIXTURES = ("tmp_path", "monkeypatch", "capsys")
IMPORTS = (
    "asyncio collections concurrent.futures contextlib contextvars dataclasses datetime decimal enum fractions functools gc "
    "hashlib importlib io json logging math os pickle re sqlite3 subprocess tempfile threading unittest.mock weakref "
    "xml.etree.ElementTree zipfile zlib pytest"
).split()


def source(each: int) -> str:
    """The test module."""
    parts = ["import %s" % name for name in IMPORTS]
    for name, body in KINDS.items():
        fixtures = "".join(", " + fixture for fixture in FIXTURES if fixture in body)
        parts.append(
            "@pytest.mark.parametrize('n', range(%d))\ndef test_%s(n%s):\n    %s\n" % (each, name, fixtures, body)
        )
    return "\n\n".join(parts)


def run(folder: Path, *words: str) -> "tuple[subprocess.CompletedProcess[str], float]":
    """Runs the module; seconds."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, "test_innocents.py"]
    done = subprocess.run(command, cwd=str(folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done, time.perf_counter() - began


def main() -> int:
    """Prints the figures; 1 when one of the tests is blamed."""
    parser = argparse.ArgumentParser(description="A thousand innocent tests under pytest --unfreed")
    parser.add_argument("--each", type=int, default=25, help="variants of each kind (default: 25)")
    parser.add_argument("file", nargs="?", type=Path, help="write what pytest printed to this file")
    typed = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unfreed-innocents-") as name:
        folder = Path(name)
        (folder / "test_innocents.py").write_text(source(typed.each), encoding="utf-8")
        plain, before = run(folder)
        if plain.returncode != 0:
            print(plain.stdout)
            return 1
        judged, seconds = run(folder, "--unfreed")
    if typed.file is not None:
        typed.file.write_text(judged.stdout, encoding="utf-8")
    passed = re.search(r"(\d+) passed", judged.stdout)
    left_out = judged.stdout.count("not repeated: ")
    print("%d kinds, %d tests" % (len(KINDS), len(KINDS) * typed.each))
    print("pytest            %6.1f s" % before)
    print("pytest --unfreed  %6.1f s: %s passed, %d not repeated" % (seconds, passed.group(1) if passed else "none", left_out))
    if judged.returncode != 0 or left_out:
        print(judged.stdout[-6000:])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
