"""Sizes objects in several goes, each object once over all of them."""

import sys
from typing import Any, Optional, TextIO

from unfreed.compat.pympler import sizer_tables
from unfreed.compat.pympler.asized import Asized, tree
from unfreed.compat.pympler.kinds import is_a
from unfreed.compat.pympler.referents import Rules
from unfreed.compat.pympler.sizing import Excluded, Options, Sized, size

_ALL = sys.maxsize


class Asizer:
    """Adds up sizes. It remembers `id()`s, texts and numbers, and keeps no object alive."""

    def __init__(self, **opts: Any) -> None:
        self._excluded = Excluded()
        self._excluded_types: list[type] = []
        self.reset(**opts)

    def reset(
        self,
        above: int = 1024,
        align: int = 8,
        clip: int = 80,
        code: bool = False,
        cutoff: int = 10,
        derive: bool = False,
        detail: int = 0,
        frames: bool = False,
        ignored: bool = True,
        infer: bool = False,
        limit: int = _ALL,
        stats: float = 0,
        stream: "Optional[TextIO]" = None,
        **extra: Any,
    ) -> None:
        """Forgets what was sized and what is excluded, and sets all options. They are those of `asizeof`.

        Raises `KeyError` for an option that there is not, `ValueError` for an `align` that is no power of two.
        """
        for name, value in extra.items():
            raise KeyError("invalid option: reset(%s=%r)" % (name, value))
        self._options = Options()
        self.above, self.clip, self.cutoff, self.stream = above, clip, cutoff, stream
        self.derive, self.infer, self.ignored = bool(derive), bool(infer), bool(ignored)
        self.code = self.frames = False
        self.align, self.detail, self.limit, self.stats = 8, 0, _ALL, 0.0
        self.set(align=align, code=code, frames=frames, detail=detail, limit=limit, stats=stats)
        self._excluded = Excluded()
        self._excluded_types = []
        self.forget()

    def set(
        self,
        above: "Optional[int]" = None,
        align: "Optional[int]" = None,
        code: "Optional[bool]" = None,
        cutoff: "Optional[int]" = None,
        frames: "Optional[bool]" = None,
        detail: "Optional[int]" = None,
        limit: "Optional[int]" = None,
        stats: "Optional[float]" = None,
    ) -> None:
        """Sets the options that are given."""
        if align is not None:
            if align > 1 and align & (align - 1):
                raise ValueError("invalid option: set(align=%r)" % (align,))
            self.align = align
        self.above = self.above if above is None else int(above)
        self.code = self.code if code is None else bool(code)
        self.cutoff = self.cutoff if cutoff is None else int(cutoff)
        self.frames = self.frames if frames is None else bool(frames)
        self.detail = self.detail if detail is None else int(detail)
        self.limit = self.limit if limit is None else int(limit)
        if stats is not None:
            if stats < 0:
                raise ValueError("invalid option: set(stats=%r)" % (stats,))
            self.stats = stats
            share = round(stats % 1 * 100)
            self.cutoff = share or self.cutoff

    def forget(self) -> None:
        """Forgets what was sized."""
        self._seen: dict[int, int] = {}
        self._sized = 0
        self._total = 0
        self._deepest = 0
        self._given = 0
        self._tables = sizer_tables.Tables()

    def exclude_objs(self, *objs: Any) -> None:
        """Leaves objects out."""
        self._excluded.objects.update(map(id, objs))

    def exclude_refs(self, *objs: Any) -> None:
        """Leaves out references to objects; they count when they are given themselves."""
        self._excluded.references.update(map(id, objs))

    def exclude_types(self, *objs: Any) -> None:
        """Leaves out classes and what is of them; of an object that is no class, its type."""
        for one in objs:
            kind: type = one if is_a(one, type) else type(one)
            self._excluded.types.add(id(kind))
            self._excluded_types.append(kind)

    def _size(self, objs: "tuple[Any, ...]", opts: "dict[str, Any]", detail: int = 0) -> "tuple[Sized, list[int]]":
        """What was found, and where each object that was given is in it."""
        if opts:
            self.set(**opts)
        given = list({id(one): one for one in objs}.values())
        rules = Rules(self.code, self.frames, not self.ignored)
        options = Options(self.align, max(self.limit, 0), detail, self.clip, rules)
        sized = size(given, options, self._excluded, self._seen)
        place = {id(one): at for at, one in enumerate(given)}
        for one in objs[len(given) :] if len(given) < len(objs) else ():
            self._seen[id(one)] += 1
        self._add(sized, len(objs))
        return sized, [place[id(one)] for one in objs]

    def _add(self, sized: Sized, given: int) -> None:
        self._given += given
        self._sized += sum(sized.counted)
        self._total += sum(sized.flat)
        self._deepest = max(self._deepest, sized.deepest)
        if self.stats:
            self._tables.add(sized, self.above, self.clip)

    def asizeof(self, *objs: Any, **opts: Any) -> int:
        """Bytes of the objects and what they lead to, less what was sized before."""
        sized, _ = self._size(objs, opts)
        return sum(sized.flat)

    def asizesof(self, *objs: Any, **opts: Any) -> "tuple[int, ...]":
        """Bytes of each object with what it leads to; zero for one that was sized before."""
        sized, places = self._size(objs, opts)
        return tuple(sized.total[at] for at in places)

    def asized(self, *objs: Any, **opts: Any) -> Any:
        """An `Asized` for the object, or a tuple of one for each."""
        if opts:
            self.set(**opts)
        sized, places = self._size(objs, {}, max(self.detail, 0))
        trees: list[Asized] = tree(sized, max(self.detail, 0), self.clip)
        told = tuple(trees[at] for at in places)
        return told[0] if len(told) == 1 else told

    @property
    def total(self) -> int:
        """Bytes so far."""
        return self._total

    @property
    def sized(self) -> int:
        """How many objects were sized."""
        return self._sized

    @property
    def seen(self) -> int:
        """How often an object was come across."""
        return sum(self._seen.values())

    @property
    def duplicate(self) -> int:
        """How many objects were come across more than once."""
        return sum(1 for times in self._seen.values() if times > 1)

    @property
    def missed(self) -> int:
        """How many could not be sized: none."""
        return 0

    @property
    def ranked(self) -> int:
        """How many were larger than `above`, if statistics were asked for."""
        return len(self._tables.ranks)

    @property
    def excluded(self) -> "tuple[type, ...]":
        """The types that are left out."""
        return tuple(self._excluded_types)

    def print_summary(self, w: int = 0, objs: Any = (), **print3options: Any) -> None:
        """Prints how many objects were sized, and their bytes. `w` is how wide the numbers are."""
        given = len(objs) or self._given
        rows = [
            (self.align, " byte aligned"),
            (8, " byte sizeof(void*)"),
            (given, " object%s given" % sizer_tables.plural(given)),
            (self.sized, " object%s sized" % sizer_tables.plural(self.sized)),
            (self.seen, " object%s seen" % sizer_tables.plural(self.seen)),
        ]
        if self.ranked:
            rows.append((self.ranked, " object%s ranked" % sizer_tables.plural(self.ranked)))
        rows.append((self.missed, " objects missed"))
        rows.append((self.duplicate, " duplicate%s" % sizer_tables.plural(self.duplicate)))
        if self._deepest:
            rows.append((self._deepest, " deepest recursion"))
        width = self._width(w)
        self._print(["%*s" % (width, sizer_tables.in_bytes(self.total, width))], print3options)
        self._print(["%*d%s" % (width, number, text) for number, text in rows], print3options)

    def print_largest(self, w: int = 0, cutoff: int = 0, **print3options: Any) -> None:
        """Prints the largest objects, `cutoff` of them."""
        self._print(self._tables.largest(self._width(w), cutoff or self.cutoff, self.above), print3options)

    def print_profiles(self, w: int = 0, cutoff: int = 0, **print3options: Any) -> None:
        """Prints types by bytes, but for those with less than `cutoff` percent."""
        self._print(self._tables.profiles(self._width(w), cutoff, self.total), print3options)

    def print_typedefs(self, w: int = 0, **print3options: Any) -> None:
        """Prints what is known of the types that were come across."""
        self._print(self._tables.types(self._width(w)), print3options)

    def print_stats(
        self,
        objs: Any = (),
        opts: "dict[str, Any]" = {},  # noqa: B006 (Pympler's signature; it is only read)
        sized: Any = (),
        sizes: Any = (),
        stats: float = 3,
        **print3options: Any,
    ) -> None:
        """Prints what `stats` asks for: from 1 a summary and the largest objects, from 2 types by bytes, from 3 what
        is known of the types."""
        width = self._width(print3options.pop("w", 0))
        self._print(sizer_tables.heading(objs, opts, sized, sizes, self.clip, width), print3options)
        self.print_summary(width, objs, **print3options)
        if stats >= 1:
            self.print_largest(width, **print3options)
        if stats >= 2:
            share = round(stats % 1 * 100)
            self.print_profiles(width, share, **print3options)
        if stats >= 3:
            self.print_typedefs(width, **print3options)

    def _width(self, w: int) -> int:
        return w or len(str(self.total)) + 1

    def _print(self, lines: "list[str]", options: "dict[str, Any]") -> None:
        if self.stream is not None:
            options = {"file": self.stream, **options}
        for line in lines:
            print(line, **options)
