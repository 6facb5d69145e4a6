"""Did a change help? Time slices before and after it, compared with statements that it cannot touch.

The way: ``take_baseline`` before the change, ``start_measuring`` once it is applied, ``add_slice`` for each slice since then (and
``restart_measuring`` when something makes the slices worthless), ``judge`` after each. The state between the steps is a
Measurement, small enough to be kept in the object; the slices themselves are not needed again.
"""

from __future__ import annotations

from pgtend.core.verify.baseline import MIN_SLICES, slice_length, take_baseline
from pgtend.core.verify.judge import judge
from pgtend.core.verify.window import add_slice, restart_measuring, start_measuring

__all__ = [
    "MIN_SLICES",
    "add_slice",
    "judge",
    "restart_measuring",
    "slice_length",
    "start_measuring",
    "take_baseline",
]
