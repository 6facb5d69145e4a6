"""Divides a batch of plans among sessions, so that each set of indexes is made in as few of them as keeps all busy."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from typing import Generic, TypeVar

WORTH_SHARING = 4
"""Plans that are left of a set, so that making its indexes in a second session is worth it."""

SetT = TypeVar("SetT", bound=Hashable)


class Division(Generic[SetT]):
    """What is left to be planned. Each session asks for its next plan when it has the one before.

    A session goes on with the set that it has made, else takes one that no other has begun, the largest first; only when
    all are begun it makes the set of which most is left a second time. Which session plans what depends on how quick each is;
    every plan is given out once, and again only where it was given back.
    """

    def __init__(self, by_set: Mapping[SetT, Sequence[int]]) -> None:
        self._left = {each: deque(numbers) for each, numbers in by_set.items() if numbers}
        self._untouched = deque(sorted(self._left, key=lambda each: -len(self._left[each])))

    def __len__(self) -> int:
        """How many plans are left."""
        return sum(map(len, self._left.values()))

    def next_for(self, made: SetT | None) -> tuple[SetT, int] | None:
        """The next plan for a session that has made this set, with the set that it takes; None when there is nothing more for it."""
        chosen = made if made is not None and self._left.get(made) else self._another()
        if chosen is None:
            return None
        return chosen, self._left[chosen].popleft()

    def give_back(self, set_: SetT, number: int) -> None:
        """Let another session make a plan that was given out and not made, and what else is left of its set: nobody is at it now."""
        self._left[set_].appendleft(number)
        if set_ not in self._untouched:
            self._untouched.appendleft(set_)

    def _another(self) -> SetT | None:
        while self._untouched:
            untouched = self._untouched.popleft()
            if self._left[untouched]:  # what was given back another session may have made meanwhile
                return untouched
        most = max(self._left, key=lambda each: len(self._left[each]), default=None)
        return None if most is None or len(self._left[most]) < WORTH_SHARING else most
