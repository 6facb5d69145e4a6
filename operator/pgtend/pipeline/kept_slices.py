"""The slices that one loop keeps for baselines, packed: there are hours of them, with an entry for each query that ran.

All loops of a process share one room. Where many of them watch busy databases, each keeps fewer slices, and so a shorter baseline,
rather than more memory.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pgtend.domain.workload import Load, Slice

KEPT_SLICES = 240
"""Slices kept at most: four hours of one minute, twenty minutes of five seconds."""
FEWEST_SLICES = 30
"""Slices kept however little room there is: three times what a baseline needs at least."""
ROOM_ENTRIES = 12_000_000
"""Entries that all loops together keep: 24 bytes each, so about 290 MB."""
_MOST = 2**32 - 1
"""What a packed number holds at most; no query runs that often, or reads that many blocks, in a slice."""


class SliceRoom:
    """The room that the loops of a process share, in equal parts."""

    def __init__(self, entries: int = ROOM_ENTRIES) -> None:
        self._entries = entries
        self._loops = 0

    def enter(self) -> None:
        """One more loop."""
        self._loops += 1

    def leave(self) -> None:
        """One loop less."""
        self._loops -= 1

    @property
    def share(self) -> int:
        """Entries that one loop may keep."""
        return self._entries // max(self._loops, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Packed:
    """One slice: a column for each number of a Load. Times are kept to seven digits."""

    start: datetime
    seconds: float
    names: tuple[str, ...]
    calls: array[int]
    total_ms: array[float]
    rows: array[int]
    blocks_hit: array[int]
    blocks_read: array[int]


class KeptSlices:
    """Slices in the order of time; the oldest go first."""

    def __init__(self, room: SliceRoom) -> None:
        self.room = room
        self._slices: deque[_Packed] = deque()
        self._entries = 0

    def __len__(self) -> int:
        return len(self._slices)

    def append(self, piece: Slice) -> None:
        """Keep one more slice, and let go of the oldest ones that there is no room for."""
        packed = self._pack(piece)
        self._slices.append(packed)
        self._entries += len(packed.names)
        share = self.room.share
        while len(self) > KEPT_SLICES or (len(self) > FEWEST_SLICES and self._entries > share):
            self._entries -= len(self._slices.popleft().names)

    def extend(self, pieces: Iterable[Slice]) -> None:
        """Keep these, too."""
        for piece in pieces:
            self.append(piece)

    def clear(self) -> None:
        """Let go of all."""
        self._slices.clear()
        self._entries = 0

    def since(self, moment: datetime, names: Container[str] | None = None) -> Iterator[Slice]:
        """The slices that began at a moment or later, oldest first; with the loads of these queries only, where they are given."""
        for packed in self._slices:
            if packed.start >= moment:
                yield _unpack(packed, names)

    def _pack(self, piece: Slice) -> _Packed:
        names = tuple(sorted(piece.loads))
        # Mostly the same queries run in each slice.
        if self._slices and self._slices[-1].names == names:
            names = self._slices[-1].names
        loads = [piece.loads[name] for name in names]
        return _Packed(
            start=piece.start,
            seconds=piece.seconds,
            names=names,
            calls=_numbers(load.calls for load in loads),
            total_ms=array("f", [load.total_ms for load in loads]),
            rows=_numbers(load.rows for load in loads),
            blocks_hit=_numbers(load.blocks_hit for load in loads),
            blocks_read=_numbers(load.blocks_read for load in loads),
        )


def _numbers(values: Iterable[int]) -> array[int]:
    return array("I", [min(value, _MOST) for value in values])


def _unpack(packed: _Packed, names: Container[str] | None) -> Slice:
    columns = zip(
        packed.names,
        packed.calls,
        packed.total_ms,
        packed.rows,
        packed.blocks_hit,
        packed.blocks_read,
        strict=True,
    )
    return Slice(
        start=packed.start,
        seconds=packed.seconds,
        loads={
            name: Load(calls=calls, total_ms=total_ms, rows=rows, blocks_hit=hit, blocks_read=read)
            for name, calls, total_ms, rows, hit, read in columns
            if names is None or name in names
        },
    )
