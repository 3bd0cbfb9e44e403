"""Objects whose lives are over, or are not, in a dict by what the inspectors ought to say of each; takes a snapshot."""

import _thread
import asyncio
import concurrent.futures
import http.client
import http.server
import io
import mmap
import multiprocessing
import os
import select
import selectors
import socket
import sqlite3
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest.mock
import zipfile

import unfreed

# name: (object, over, part of the reason)
LIVES = {}


def put(name, thing, over, reason):
    LIVES[name] = (thing, over, reason)


def files():
    for name, make in [
        ("raw file", lambda: io.FileIO("/dev/null")),
        ("text file", lambda: open("/dev/null")),
        ("binary file", lambda: open("/dev/null", "rb")),
        ("temporary file", lambda: tempfile.NamedTemporaryFile()),
    ]:
        put("open " + name, make(), "no", "is an open file")
        thing = make()
        thing.close()
        put("closed " + name, thing, "yes", "is a closed file")
    put("open buffer", io.BytesIO(b"x" * 10), "no", "is an open buffer")
    for name, thing in [("bytes", io.BytesIO(b"x" * 10)), ("text", io.StringIO("x" * 10))]:
        thing.close()
        put("closed buffer of " + name, thing, "yes", "is a closed buffer")
    put("open text buffer", io.StringIO("x"), "no", "is an open buffer")
    for name, over, reason in [("open", "no", "is an open memory map"), ("closed", "yes", "is a closed memory map")]:
        thing = mmap.mmap(-1, 4096)
        if name == "closed":
            thing.close()
        put(name + " memory map", thing, over, reason)


def archives():
    folder = tempfile.mkdtemp()
    for name, make in [("zip file", zipfile.ZipFile), ("tar file", tarfile.open)]:
        for state in ("open", "closed"):
            thing = make(os.path.join(folder, state + name), "w")
            if state == "closed":
                thing.close()
            put("%s %s" % (state, name), thing, "yes" if state == "closed" else "no", "%s %s" % (state, name))


def closed_or_open(name, make, reason):
    for state in ("open", "closed"):
        thing = make()
        if state == "closed":
            thing.close()
        put("%s %s" % (state, name), thing, "yes" if state == "closed" else "no", "%s %s" % (state, reason))


class Peer:
    def __init__(self, connection):
        self.name = "peer"
        self.connection = connection


def sockets():
    put("open socket", socket.socket(), "no", "is an open socket")
    one, other = socket.socketpair()
    file = one.makefile("rb")
    put("open file of a socket", file, "no", "open file of a socket")
    closed = other.makefile("rb")
    closed.close()
    put("closed file of a socket", closed.raw if hasattr(closed.raw, "_sock") else closed, "yes", "closed file")
    other.close()
    put("closed socket", other, "yes", "is a closed socket")
    put("owner of a closed socket", Peer(other), "unknown", "has .connection, which is a closed socket")
    put("owner of an open socket", Peer(one), "-", "")
    closed_or_open("epoll", select.epoll, "epoll")
    closed_or_open("selector", selectors.DefaultSelector, "selector")
    closed_or_open("polling selector", selectors.PollSelector, "selector")
    closed_or_open("process pipe", lambda: multiprocessing.Pipe()[0], "connection between processes")
    for name, length in [("read", 4), ("unread", 1)]:
        here, there = socket.socketpair()
        there.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
        response = http.client.HTTPResponse(here)
        response.begin()
        response.read(length)
        said = "read to its end or closed" if name == "read" else "not read to its end"
        put(name + " response", response, "yes" if name == "read" else "no", said)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    for name, over in [("open", "no"), ("closed", "yes")]:
        secure = context.wrap_socket(socket.socket())
        if name == "closed":
            secure.close()
        put(name + " SSL socket", secure, over, "SSL socket")


def databases():
    put("open database", sqlite3.connect(":memory:"), "no", "is an open sqlite3 connection")
    closed = sqlite3.connect(":memory:")
    cursor = closed.cursor()
    put("open cursor", sqlite3.connect(":memory:").cursor(), "no", "is an open sqlite3 cursor")
    cursor.close()
    closed.close()
    put("closed database", closed, "yes", "is a closed sqlite3 connection")
    put("closed cursor", cursor, "yes", "is a closed sqlite3 cursor")


class Worker(threading.Thread):
    def run(self):
        self.may_end = threading.Event()
        STARTED.set()
        self.may_end.wait(60)


STARTED = threading.Event()


def threads():
    put("thread not started", threading.Thread(target=print), "unknown", "was not started")
    ended = threading.Thread(target=int)
    ended.start()
    ended.join()
    put("ended thread", ended, "yes", "has exited")
    running = Worker(daemon=True)
    running.start()
    STARTED.wait(60)
    put("running thread", running, "no", "runs")
    for name, make in [("lock", _thread.allocate_lock), ("reentrant lock", threading.RLock)]:
        put("free " + name, make(), "unknown", "nobody holds")
        held = make()
        held.acquire()
        put("held " + name, held, "no", "holds")
    held = threading.Condition()
    held.acquire()
    put("held condition", held, "no", "whose lock a thread holds")
    for name, make in [("threads", concurrent.futures.ThreadPoolExecutor), ("processes", concurrent.futures.ProcessPoolExecutor)]:
        put("pool of " + name, make(1), "no", "takes work")
        shut_down = make(1)
        shut_down.shutdown()
        put("ended pool of " + name, shut_down, "yes", "was shut down")
    put("free condition", threading.Condition(), "unknown", "nobody holds")


def processes():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    put("ended process", ended, "yes", "has ended")
    running = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    put("running process", running, "unknown", "nobody has waited for")
    forked = multiprocessing.get_context("fork")
    for name in ("ended", "closed"):
        process = forked.Process(target=int)
        process.start()
        process.join()
        if name == "closed":
            process.close()
        put(name + " forked process", process, "yes", "has ended" if name == "ended" else "was closed")
    put("process not started", multiprocessing.Process(target=print), "unknown", "was not started")
    return running


async def at_once():
    return [1]


async def for_long():
    await asyncio.sleep(1000)


def tasks():
    loop = asyncio.new_event_loop()
    done = loop.create_task(at_once())
    loop.run_until_complete(done)
    put("done task", done, "yes", "is a done task")
    cancelled = loop.create_task(for_long())
    loop.run_until_complete(asyncio.wait([cancelled], timeout=0.01))
    cancelled.cancel()
    loop.run_until_complete(asyncio.wait([cancelled]))
    put("cancelled task", cancelled, "yes", "is a cancelled task")
    pending = loop.create_task(for_long())
    loop.run_until_complete(asyncio.wait([pending], timeout=0.01))
    put("pending task", pending, "no", "is a pending task")
    put("suspended coroutine", pending.get_coro(), "no", ("waits to be resumed", "has not finished"))
    put("pending future", loop.create_future(), "no", "is a pending future")
    for name, over in [("done", "yes"), ("cancelled", "yes")]:
        future = loop.create_future()
        future.set_result(1) if name == "done" else future.cancel()
        put(name + " future", future, over, "is a %s future" % name)
    put("open loop", loop, "no", "is an open event loop")
    closed = asyncio.new_event_loop()
    closed.close()
    put("closed loop", closed, "yes", "is a closed event loop")
    in_python = asyncio.futures._PyFuture(loop=loop)
    in_python.set_result([1])
    put("done future in Python", in_python, "yes", "is a done future")
    for name, over, reason in [("free", "unknown", "nobody holds"), ("held", "no", "a task holds")]:
        lock = asyncio.Lock()
        if name == "held":
            loop.run_until_complete(lock.acquire())
        put(name + " asyncio lock", lock, over, reason)
    pool = concurrent.futures.Future()
    pool.set_result("done")
    put("done pool future", pool, "yes", "is a done future")
    put("pending pool future", concurrent.futures.Future(), "no", "is a pending future")
    broken = concurrent.futures.Future()
    broken.set_exception(ValueError())
    put("failed pool future", broken, "yes", "ended with an exception")


def generators():
    def generate():
        yield 1

    put("generator not started", generate(), ("unknown", "no"), ("never started", "has not finished"))
    suspended = generate()
    next(suspended)
    put("suspended generator", suspended, "no", ("waits to be resumed", "has not finished"))
    finished = generate()
    list(finished)
    put("finished generator", finished, "yes", "has finished")
    closed = generate()
    next(closed)
    closed.close()
    put("closed generator", closed, "yes", "has finished")


class Listener:
    def hear(self):
        raise ValueError("nothing")


def keepers():
    put("bound method", Listener().hear, "unknown", "keeps its Listener alive")
    try:
        Listener().hear()
    except ValueError as error:
        put("exception", error, "unknown", "the variables of 2 frames")
        put("traceback", error.__traceback__, "unknown", "keeps the variables of 2 frames")
        put("frame", error.__traceback__.tb_next.tb_frame, "unknown", "keeps its variables alive")
    mock = unittest.mock.Mock()
    for number in range(7):
        mock([number])
    put("mock", mock, "unknown", "the arguments of 7 calls")
    put("memory view", memoryview(bytearray(1_000_000))[:10], "unknown", "its whole base")


def packages():
    try:
        import numpy
    except ImportError:
        numpy = None
    if numpy is not None:
        put("array view", numpy.zeros(1_000_000)[:10], "unknown", "whole base of 7.6 MiB")
        put("array of its own", numpy.zeros(1_000_000), "-", "")
    try:
        import pandas
    except ImportError:
        pandas = None
    if pandas is not None:
        whole = pandas.DataFrame({"a": numpy.arange(500_000), "b": numpy.arange(500_000)})
        put("part of a frame", whole.iloc[:10], "unknown", "a base of 7.6 MiB")
    try:
        import sqlalchemy
        import sqlalchemy.orm
    except ImportError:
        sqlalchemy = None
    if sqlalchemy is not None:
        engine = sqlalchemy.create_engine("sqlite://")
        session = sqlalchemy.orm.Session(engine)
        session.execute(sqlalchemy.text("select 1"))
        put("session in use", session, "no", "in a transaction")
        closed = sqlalchemy.orm.Session(engine)
        closed.close()
        put("closed session", closed, "unknown", "without a transaction")
        connection = engine.connect()
        connection.close()
        put("closed connection", connection, "yes", "is a closed connection")
        put("open connection", engine.connect(), "no", "is an open connection")
    clients()


class Server:
    """A web server for clients of this process."""

    def __enter__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                self.wfile.write(b"x" * 100_000)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return "http://127.0.0.1:%d/" % self.server.server_port

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def clients():
    try:
        import requests
    except ImportError:
        pass
    else:
        session = requests.Session()
        session.close()
        put("requests session", session, "unknown", "keeps no note of close")
        with Server() as place:
            with requests.Session() as session:
                put("requests response", session.get(place), "yes", "read to its end")
                put("unread requests response", session.get(place, stream=True), "no", "not read to its end")
                pool = session.adapters["http://"].poolmanager.connection_from_url(place)
                put("open urllib3 pool", pool, "no", "is an open pool of connections")
        import urllib3

        pool = urllib3.HTTPConnectionPool("127.0.0.1")
        pool.close()
        put("closed urllib3 pool", pool, "yes", "is a closed pool of connections")
    try:
        import httpx
    except ImportError:
        pass
    else:
        client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, text="x")))
        response = client.get("http://x")
        put("httpx session", client, "no", "is an open session")
        put("httpx response", response, "yes", "read to its end or closed")
        closed = httpx.Client()
        closed.close()
        put("closed httpx session", closed, "yes", "is a closed session")
    try:
        import aiohttp
    except ImportError:
        return

    async def sessions():
        closed = aiohttp.ClientSession()
        await closed.close()
        put("closed aiohttp session", closed, "yes", "is a closed session")
        session = aiohttp.ClientSession()
        put("aiohttp session", session, "no", "is an open session")
        with Server() as place:
            response = await session.get(place)
            await response.read()
            put("aiohttp response", response, "yes", ("given its connection back", "closed response"))
            response = await session.get(place)
            response.close()
            put("closed aiohttp response", response, "yes", "closed response")

    asyncio.new_event_loop().run_until_complete(sessions())


if __name__ == "__main__":
    for part in (files, archives, sockets, databases, threads, tasks, generators, keepers, packages):
        part()
    running = processes()
    unfreed.snapshot(sys.argv[1])
    running.communicate()
    import json

    print(json.dumps({name: life[1:] for name, life in LIVES.items()}))
