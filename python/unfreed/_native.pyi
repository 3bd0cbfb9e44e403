"""The native half of unfreed. Private."""

from collections.abc import Callable, Sequence
from typing import Any

VERSION: str
Buffers = list[tuple[int, int, int]]
"""Buffers that no walk can see: `id()` of their object, address, bytes."""

def main(argv: Sequence[str], executable: str | None, inject: str | None = None) -> int:
    """Runs the command in `argv` and returns its exit code."""

def _snapshot(
    path: str, stdlib_paths: list[str], site_paths: list[str], own_folder: str, fork: bool, buffers: Buffers
) -> tuple[int, int, int, float, str | None]:
    """Writes a snapshot of this process, by a copy of it if told to `fork`. Returns objects, references, bytes,
    seconds of pause, and why it was taken in place all the same."""

def _start_agent(stdlib_paths: list[str], site_paths: list[str]) -> str | None:
    """Starts the agent as the environment says. Returns why it could not, as a sentence."""

def _is_recording() -> bool:
    """Whether the agent runs here."""

def _mark(name: str) -> None:
    """Names this moment in the recording, if there is one."""

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

def _write_started(what: str, calls: int, places: list[tuple[str, int, list[tuple[str, str, int, str]]]]) -> None:
    """Writes where so many calls started what outlives them: its name, how many, and the stack, innermost first."""

def _start_rounds(
    path: str, called: str, stdlib_paths: list[str], site_paths: list[str]
) -> None:
    """Starts a recording by rounds of this process."""

def _stop_rounds() -> None:
    """Ends that recording in order; another may follow."""

def _judge_rounds(path: str, rounds: int, width: int) -> tuple[str, list[str], bool]:
    """The report as JSON, each finding as text, and whether more rounds would say the same."""

def _begin_part(lines: list[str] | None = None) -> tuple[
    int,
    list[tuple[int, int, int, int, list[tuple[int, int, int]]]],
    list[tuple[int, str, str]],
    list[tuple[int, int, int, int]],
    tuple[int, int],
    int,
    list[tuple[int, int, int, int]],
]:
    """Begins to follow every block. Epoch that begins; sites: stack, bytes and blocks allocated, bytes freed,
    and (epoch of birth, bytes, blocks) of what is left; codes: id, file, function; stacks: id, parent, code,
    line; bytes that live and the most that did; blocks without a stack; and, from the first part on that
    gives `lines`, the files whose own allocations count at none, of each line a code object of its file, the line, its live bytes, and the most of them since the last look.
    """

def _look_at_part() -> (
    tuple[
        int,
        list[tuple[int, int, int, int, list[tuple[int, int, int]]]],
        list[tuple[int, str, str]],
        list[tuple[int, int, int, int]],
        tuple[int, int],
        int,
        list[tuple[int, int, int, int]],
    ]
    | None
):
    """Looks at what was followed so far, as `_begin_part` tells it."""

def _end_part() -> (
    tuple[
        int,
        list[tuple[int, int, int, int, list[tuple[int, int, int]]]],
        list[tuple[int, str, str]],
        list[tuple[int, int, int, int]],
        tuple[int, int],
        int,
        list[tuple[int, int, int, int]],
    ]
    | None
):
    """Ends a part, and tells the same."""

def _births(objects: list[int]) -> list[tuple[int, int, int] | None]:
    """Of each object, by its address: bytes of its block, epoch of birth and stack, if it was followed from birth."""

def _live_blocks() -> list[tuple[int, int, int]]:
    """Address, size and stack of each block that lives and was followed."""

def _begin_traces() -> None:
    """Begins to follow every block, until `_end_traces`; does nothing when it has begun."""

def _end_traces() -> None:
    """Ends that."""

def _is_tracing() -> bool:
    """Whether it is under way."""

def _clear_traces() -> None:
    """Forgets all blocks up to now."""

def _traced_bytes() -> tuple[int, int]:
    """Bytes that live, and the most that did since the beginning or `_reset_peak`; zeros when nothing is followed."""

def _reset_peak() -> None:
    """Counts the most bytes anew."""

def _trace_tables() -> int:
    """Bytes of memory that the traces take."""

def _traces(limit: int, own: str) -> tuple[list[str], list[bytes]]:
    """All blocks that live, without those of stacks that pass through a file whose name begins with `own`: names of
    files; and columns. Of stacks: domain, depth, frames of at most `limit` (32 bits), bytes and blocks (64 bits). Of
    their frames, innermost first: file and line (32 bits). Of blocks that are alike, those of a stack together: stack
    (32 bits), size and count (64 bits).
    """

def _trace_at(address: int, limit: int) -> tuple[int, list[tuple[str, int]], int] | None:
    """Size, (file, line) innermost first, and calls of the whole stack, of the block that starts there."""

def _trace_child() -> None:
    """Goes on in a forked child."""

def _unobserved(function: Callable[[], Any]) -> Any:
    """Calls a function while nothing that this thread allocates is followed."""

def _malloc_in_use() -> int | None:
    """Bytes in blocks of malloc that nobody has freed."""

def _trim() -> bool:
    """Has malloc give free memory back to the system; whether the C library can."""

def _ask(
    question: str, ids: list[int], most: int, width: int, folders: dict[str, Any], buffers: Buffers
) -> tuple[str, str]:
    """Answers a question about the objects with these ids: as text and as JSON."""

def _references(
    ids: list[int], to: bool, found: list[Any], folders: dict[str, Any]
) -> list[str]:
    """Appends who refers to the objects, or what they refer to, to `found`; returns the references' names."""

def _chain(
    id: int, found: list[Any], folders: dict[str, Any]
) -> tuple[str, list[str]] | None:
    """Appends the objects from a root to this one to `found`; returns the root's and the references' names."""

def _counts(own_folder: str, buffers: Buffers) -> dict[str, tuple[int, int]]:
    """Objects and bytes of each type of the whole heap, by the type's full name, without what is unfreed's own."""

def _grouped(by: str, folders: dict[str, Any], buffers: Buffers) -> dict[str, tuple[int, int]]:
    """The same of each `module`, `root`, `path` or `site`."""

def _is_followed() -> bool:
    """Whether allocations of this process are followed."""

def _origins(
    ids: list[int], descriptors: list[int], folders: dict[str, Any]
) -> tuple[list[list[tuple[str, int, str]]], list[list[tuple[str, int, str]]]]:
    """File, line and function of each call, innermost first, of the stacks that made the objects with these ids, and of
    those that opened these descriptors; empty where that is not known."""

def _held_by(id: int, folders: dict[str, Any]) -> str:
    """Who holds an object, as JSON of the form of a finding's `held_by`."""

def _places(ids: list[int], folders: dict[str, Any]) -> list[str]:
    """The path to each object; empty for one that nothing reaches."""

def _owned_slots(skipped: int, depth: int, types: list[int], found: list[Any]) -> list[int]:
    """Ids of the objects that a frame owns in its variables and the lowest `depth` slots of its value stack. Appends those of
    the types, given by their ids, to `found`."""

def _instances(
    found: list[Any], types: list[int], ids: list[int] | None, through_definitions: bool, own_folder: str
) -> None:
    """Appends the objects of some types, given by their ids, to `found`: of the whole heap, or of what objects lead to."""

def _all_objects(found: list[Any], own_folder: str) -> None:
    """Appends every object of the heap to `found`."""

def _sizes(ids: list[int], through_definitions: bool, buffers: Buffers) -> tuple[list[int], int, int]:
    """Bytes of each object, and bytes and number of all that they lead to."""

def _difference(before: str, after: str, by: str, most: int, width: int) -> tuple[str, str]:
    """What changed between two snapshots in files: as text and as JSON."""

def _remember(name: str, value: bytes) -> bytes | None:
    """Remembers bytes outside of Python's heap; returns those that were remembered before."""

def _composition(
    ids: list[int], through_definitions: bool, depth: int, most: int, buffers: Buffers
) -> str:
    """What objects consist of, as JSON."""

def _draw_graph(document: str, form: str) -> bytes: ...
def _draw_shapes(document: str, form: str) -> bytes: ...
def _draw(
    ids: list[int], direction: str, depth: int, most: int, form: str, folders: dict[str, Any], buffers: Buffers
) -> bytes:
    """A picture of what is around objects, as svg, png or dot."""
