"""The heap of a program that has imported much: what the standard library and numpy and pandas bring, if there."""

import importlib
import time

NAMES = """asyncio concurrent.futures ctypes decimal difflib doctest email.mime.text http.server logging.config
multiprocessing pydoc sqlite3 ssl statistics tarfile unittest.mock urllib.request xml.dom.minidom zipfile numpy pandas
sqlalchemy flask""".split()

for name in NAMES:
    try:
        importlib.import_module(name)
    except ImportError:
        print("without", name)

stop = time.monotonic() + 12
while time.monotonic() < stop:
    [str(n) for n in range(100)]
    time.sleep(0.01)
