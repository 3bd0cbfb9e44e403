"""Has another Python process, one that is not recorded, write a snapshot of its heap: by `sys.remote_exec`.

Started as `python -m unfreed._other_process TASK` by `unfreed snapshot`, where TASK is JSON of the command's. The other
process imports this very unfreed, so both have to be of one version of CPython, 3.14 or later.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from typing import Optional

SCRIPT = """\
def unfreed_takes_a_snapshot():
    import os, sys
    before = list(sys.path)
    try:
        sys.path.insert(0, {package!r})
        try:
            import unfreed
        finally:
            sys.path[:] = before
        unfreed.snapshot({heap!r})
        said = ""
    except BaseException as error:
        said = "%s: %s" % (type(error).__name__, error)
    with open({said!r} + ".part", "w") as file:
        file.write(said)
    os.rename({said!r} + ".part", {said!r})

try:
    unfreed_takes_a_snapshot()
finally:
    del unfreed_takes_a_snapshot
"""
"""Runs in `__main__` of the other process, at a safe point of its main thread."""
TOO_LATE = "__import__('shutil').rmtree({folder!r}, True)\n"
MOMENT = 0.05
HINT = "start it with `unfreed run`, or have it call unfreed.snapshot() where it is grown"


def main() -> int:
    """0 when the file is written, 1 when it is not, and why is said."""
    task = json.loads(sys.argv[1])
    why = _ask(task["pid"], task["file"], task["patience"])
    if why is None:
        return 0
    print("error: %s" % why, file=sys.stderr)
    print("hint: %s" % HINT, file=sys.stderr)
    return 1


def _ask(pid: int, file: str, patience: float) -> Optional[str]:
    """Why there is no snapshot; `None` when there is."""
    if sys.version_info < (3, 14):
        return "process %d is not recorded by unfreed, and CPython %d.%d offers no way to ask it" % (
            pid,
            *sys.version_info[:2],
        )
    folder = tempfile.mkdtemp(prefix="unfreed-")
    script, heap, said = (os.path.join(folder, name) for name in ("ask.py", "heap.unfreed", "said"))
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    with open(script, "w") as file_of_script:
        file_of_script.write(SCRIPT.format(package=package, heap=heap, said=said))
    owner = os.stat("/proc/%d" % pid)
    if owner.st_uid != os.getuid():
        os.chown(folder, owner.st_uid, owner.st_gid)
        os.chmod(script, 0o644)
    try:
        sys.remote_exec(pid, script)  # type: ignore[attr-defined,unused-ignore]
    except (OSError, RuntimeError, ValueError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        return "process %d cannot be asked: %s" % (pid, getattr(error, "strerror", None) or error)
    waiting_until = time.monotonic() + patience
    while not os.path.exists(said):
        if not os.path.exists("/proc/%d" % pid):
            shutil.rmtree(folder, ignore_errors=True)
            return "process %d ended before it looked" % pid
        if time.monotonic() > waiting_until:
            # It may come to the script yet, and would complain of one that is missing.
            with open(script, "w") as file_of_script:
                file_of_script.write(TOO_LATE.format(folder=folder))
            return (
                "process %d did not look within %g seconds: its main thread waits in C code, it does not see %s, or its"
                " Python refuses remote debugging" % (pid, patience, folder)
            )
        time.sleep(MOMENT)
    try:
        with open(said) as answer:
            why = answer.read()
        if why:
            return "process %d could not look: %s" % (pid, why)
        shutil.copyfile(heap, file)
    except OSError as error:
        return "cannot write %s: %s" % (file, error.strerror)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
