"""The native half of unfreed. Private."""

from collections.abc import Sequence

VERSION: str

def main(argv: Sequence[str], executable: str | None, inject: str | None = None) -> int:
    """Runs the command in `argv` and returns its exit code."""

def _snapshot(
    path: str, stdlib_paths: list[str], site_paths: list[str]
) -> tuple[int, int, int, float]:
    """Writes a snapshot of this process; returns objects, references, bytes and seconds of pause."""

def _start_agent(stdlib_paths: list[str], site_paths: list[str]) -> str | None:
    """Starts the agent as the environment says. Returns why it could not, as a sentence."""

def _is_recording() -> bool:
    """Whether the agent runs here."""

def _before_fork() -> None:
    """Makes the agent ready for a fork."""

def _after_fork_in_parent() -> None:
    """Lets the agent go on after a fork."""

def _after_fork_in_child(at_once: bool) -> str | None:
    """Gives a forked child a recording of its own. Returns why it could not, as a sentence."""

def _stop_agent() -> None:
    """Ends the recording in order."""

def _begin_rounds() -> None:
    """From here on every block is followed. For programs that `unfreed check` started."""

def _look() -> None:
    """Takes a snapshot of the round, garbage included."""

def _end_round(calls: int, collector_enabled: bool) -> None:
    """Reads the counters and ends the round: `calls` so far."""

def _start_rounds(
    path: str, called: str, stdlib_paths: list[str], site_paths: list[str]
) -> None:
    """Starts a recording by rounds of this process."""

def _stop_rounds() -> None:
    """Ends that recording in order; another may follow."""

def _judge_rounds(path: str, rounds: int, width: int) -> tuple[str, list[str], bool]:
    """The report as JSON, each finding as text, and whether more rounds would say the same."""

def _malloc_in_use() -> int | None:
    """Bytes in blocks of malloc that nobody has freed."""
