//! Which classes have a rule of their own. Subclasses inherit it.

use super::{Inspection, Inspectors};
use unfreed_recording::snapshot::NodeIndex;

/// Looks at an instance of a class.
pub(super) type Rule = fn(&Inspectors<'_, '_>, NodeIndex) -> Option<Inspection>;

/// Module, class, rule.
pub(super) const RULES: &[(&str, &str, Rule)] = &[
    ("_io", "TextIOWrapper", |at, node| at.file(node)),
    ("_io", "BufferedReader", |at, node| at.file(node)),
    ("_io", "BufferedWriter", |at, node| at.file(node)),
    ("_io", "BufferedRandom", |at, node| at.file(node)),
    ("tempfile", "_TemporaryFileWrapper", |at, node| {
        at.file(node)
    }),
    ("socket", "socket", |at, node| at.socket(node)),
    ("ssl", "SSLSocket", |at, node| at.ssl_socket(node)),
    ("socket", "SocketIO", |at, node| at.socket_file(node)),
    ("threading", "Thread", |at, node| at.thread(node)),
    ("threading", "Condition", |at, node| at.condition(node)),
    ("asyncio.locks", "Lock", |at, node| at.async_lock(node)),
    ("subprocess", "Popen", |at, node| at.process(node)),
    ("multiprocessing.process", "BaseProcess", |at, node| {
        at.multiprocess(node)
    }),
    ("asyncio.base_events", "BaseEventLoop", |at, node| {
        at.loop_(node)
    }),
    ("asyncio.futures", "_PyFuture", |at, node| {
        at.python_future(node)
    }),
    ("concurrent.futures._base", "Future", |at, node| {
        at.concurrent_future(node)
    }),
    (
        "multiprocessing.connection",
        "_ConnectionBase",
        |at, node| at.closed_when_none(node, "_handle", "connection between processes"),
    ),
    ("zipfile", "ZipFile", |at, node| {
        at.closed_when_none(node, "fp", "zip file")
    }),
    ("tarfile", "TarFile", |at, node| at.tar_file(node)),
    (
        "concurrent.futures.thread",
        "ThreadPoolExecutor",
        |at, node| at.pool(node, "_shutdown", "pool of threads"),
    ),
    (
        "concurrent.futures.process",
        "ProcessPoolExecutor",
        |at, node| at.pool(node, "_shutdown_thread", "pool of processes"),
    ),
    ("selectors", "_BaseSelectorImpl", |at, node| {
        at.closed_when_none(node, "_map", "selector")
    }),
    (
        "urllib3.connectionpool",
        "HTTPConnectionPool",
        |at, node| at.closed_when_none(node, "pool", "pool of connections"),
    ),
    ("http.client", "HTTPResponse", |at, node| {
        at.http_response(node)
    }),
    ("requests.sessions", "Session", |at, node| {
        at.requests_session(node)
    }),
    ("requests.models", "Response", |at, node| {
        at.requests_response(node)
    }),
    ("urllib3.response", "BaseHTTPResponse", |at, node| {
        at.urllib3_response(node)
    }),
    ("httpx._client", "BaseClient", |at, node| {
        at.httpx_client(node)
    }),
    ("httpx._models", "Response", |at, node| {
        at.httpx_response(node)
    }),
    ("aiohttp.client", "ClientSession", |at, node| {
        at.aiohttp_session(node)
    }),
    ("aiohttp.client_reqrep", "ClientResponse", |at, node| {
        at.aiohttp_response(node)
    }),
    ("sqlalchemy.orm.session", "Session", |at, node| {
        at.sqlalchemy_session(node)
    }),
    ("sqlalchemy.engine.base", "Connection", |at, node| {
        at.sqlalchemy_connection(node)
    }),
    ("pandas.core.generic", "NDFrame", |at, node| {
        at.pandas_view(node)
    }),
    ("unittest.mock", "NonCallableMock", |at, node| at.mock(node)),
];
