"""What the compiler knows of instructions: how deep a frame's stack is before each, and which only move references."""

import dis
from types import CodeType

MOVES = tuple(
    "LOAD_FAST LOAD_CONST LOAD_GLOBAL LOAD_NAME LOAD_DEREF LOAD_CLOSURE LOAD_SMALL_INT STORE_FAST STORE_NAME STORE_GLOBAL "
    "STORE_DEREF DELETE_FAST BUILD_ POP_ ROT_ DUP_ COPY SWAP PUSH_ RESUME RETURN_ YIELD_ JUMP_ NOP MAKE_ SET_FUNCTION "
    "EXTENDED_ARG CACHE PRECALL KW_NAMES END_ NOT_TAKEN SETUP_ RAISE_ RERAISE".split()
)
"""How the names of instructions begin that run no C code but the interpreter's."""
ENDS = ("RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE", "JUMP_FORWARD", "JUMP_ABSOLUTE", "JUMP_BACKWARD")
"""How the names of instructions begin that the next one does not follow."""


def is_move(code: CodeType, offset: int) -> bool:
    """Whether an instruction runs no C code but the interpreter's, which moves references."""
    name = dis.opname[code.co_code[offset]]
    return name.startswith(MOVES)


_calls: "dict[CodeType, set[int]]" = {}


def is_call(code: CodeType, offset: int) -> bool:
    """Whether an instruction calls what lies on the stack."""
    known = _calls.get(code)
    if known is None:
        names = ((each.offset, each.opname) for each in dis.get_instructions(code))
        known = _calls[code] = {offset for offset, name in names if name.startswith("CALL")}
    return offset in known


def depths(code: CodeType) -> "dict[int, int]":
    """How many values the stack of a frame has before each instruction, as the compiler reckons."""
    instructions = list(dis.get_instructions(code))
    index_of = {each.offset: index for index, each in enumerate(instructions)}
    found: "dict[int, int]" = {}
    waiting = [(0, 0)]
    handlers = dis._parse_exception_table(code) if hasattr(dis, "_parse_exception_table") else []
    handlers = [(each.target, each.depth + 1 + each.lasti) for each in handlers]
    jumps = set(dis.hasjrel) | set(dis.hasjabs)
    while waiting or handlers:
        offset, depth = waiting.pop() if waiting else handlers.pop()
        index, owed = index_of[offset], 0
        while index < len(instructions):
            each = instructions[index]
            if each.offset in found:
                break
            found[each.offset] = depth
            argument = each.arg if each.opcode >= dis.HAVE_ARGUMENT else None
            if each.opcode in jumps:
                waiting.append((each.argval, depth + dis.stack_effect(each.opcode, argument, jump=True)))
            if each.opname.startswith(ENDS):
                break
            effect = dis.stack_effect(each.opcode, argument, jump=False)
            # In 3.11 the compiler has PRECALL take the arguments, which the CALL after it does.
            if each.opname == "PRECALL":
                owed = effect
            else:
                depth, owed = depth + effect + owed, 0
            index += 1
    return found
