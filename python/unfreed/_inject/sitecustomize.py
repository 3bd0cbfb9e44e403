"""Starts the agent where no `.pth` file does, then steps out of the way.

`unfreed run` puts this folder first on `PYTHONPATH` for editable installs. What the program sees
afterwards is what it would have seen without: its own `sitecustomize`, `sys.path` and environment.
"""

import os
import sys


def _step_aside() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if path != folder]
    paths = [path for path in os.environ["PYTHONPATH"].split(os.pathsep) if path != folder]
    if paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    else:
        del os.environ["PYTHONPATH"]
    del sys.modules["sitecustomize"]


_step_aside()

if "UNFREED_AGENT" in os.environ:
    import unfreed._boot  # noqa: F401

try:
    import sitecustomize  # noqa: F401
except ImportError as error:
    if error.name != "sitecustomize":
        raise
