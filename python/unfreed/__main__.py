"""The `unfreed` command: the console script, and `python -m unfreed`."""

import os
import signal
import site
import sys

from unfreed import _native


def main() -> int:
    """Runs the command in `sys.argv` and returns its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # The native side decides what Ctrl-C means: while the program runs, the program does.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.main(sys.argv, sys.executable, _inject_folder())


def _inject_folder() -> "str | None":
    """The folder whose `sitecustomize` starts the agent where no `.pth` file does.

    Python reads `unfreed_boot.pth` only in its own site folders: an editable install has none, and
    one made with `pip install --target` has it where Python does not look.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.dirname(package)
    if _is_site_folder(folder) and os.path.exists(os.path.join(folder, "unfreed_boot.pth")):
        return None
    return os.path.join(package, "_inject")


def _is_site_folder(folder: str) -> bool:
    folders = site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return any(os.path.realpath(each) == os.path.realpath(folder) for each in folders)


if __name__ == "__main__":
    sys.exit(main())
