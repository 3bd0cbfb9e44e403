# /// not-leak
# ///
"""Imports and compiled patterns over the first seconds, then steady work."""

import importlib
import re
import time

MODULES = """argparse ast asyncio calendar cmd codecs colorsys configparser csv ctypes decimal difflib dis doctest
email.message email.parser fractions ftplib getpass gettext glob gzip hashlib html.parser http.client http.cookiejar
http.server imaplib inspect ipaddress json logging.config mailbox mimetypes multiprocessing netrc optparse pdb pickle
platform plistlib pprint profile pydoc random sched secrets shelve shlex smtplib sqlite3 ssl statistics stringprep
tarfile tempfile textwrap timeit trace traceback unittest unittest.mock urllib.request uuid venv wave webbrowser
wsgiref.simple_server xml.dom.minidom xml.etree.ElementTree xml.sax xmlrpc.client zipfile""".split()
PATTERNS = []


def warm_up():
    for number, name in enumerate(MODULES):
        importlib.import_module(name)
        PATTERNS.append(re.compile(r"(?P<key>[a-z_]+%d)\s*=\s*(?P<value>\"[^\"]*\"|\d+)" % number))
        time.sleep(0.04)


def work(number):
    return [bool(pattern.match("key%d = 17" % number)) for pattern in PATTERNS[:5]]


def main():
    warm_up()
    stop = time.monotonic() + 8
    number = 0
    while time.monotonic() < stop:
        work(number)
        number += 1
        time.sleep(0.01)


main()
