"""A small service that loses memory: it signs users in and out, but nothing ever ends a session.

    unfreed run examples/session_leak.py

It serves made-up requests for ten seconds (or as many as the first argument says).
"""

import sys

from session_leak.server import serve

if __name__ == "__main__":
    serve(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
