"""Which tests this Python runs. Those marked `any_python` do not depend on its version: they run on the first that is
supported, one in between and the last, or everywhere with UNFREED_TESTS_ALL in the environment."""

from __future__ import annotations

import os
import sys

ANY_PYTHON = ((3, 9), (3, 12), (3, 15))
HAS_ALL = sys.version_info[:2] in ANY_PYTHON or "UNFREED_TESTS_ALL" in os.environ
REASON = "does not depend on the Python: runs on %s" % ", ".join("%d.%d" % version for version in ANY_PYTHON)
