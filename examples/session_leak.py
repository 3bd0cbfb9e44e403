"""A small service that loses memory: users sign in and out, but no session ever ends.

    unfreed run examples/session_leak.py

It serves made-up requests for ten seconds, or for as many as the first argument says.
"""

import sys

from shop.server import serve

if __name__ == "__main__":
    serve(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0)
