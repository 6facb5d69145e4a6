"""Sizes as people write them: 500MB is 500·10⁶ bytes, 500Mi or 500MiB is 500·2²⁰."""

from __future__ import annotations

import re

LARGEST = 2**63 - 1
"""Bytes: more than a server can hold."""
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]*)")
_UNITS = {"": 1, "b": 1}
_UNITS |= {letter + ending: 1000**power for power, letter in enumerate("kmgt", 1) for ending in ("", "b")}
_UNITS |= {letter + ending: 1024**power for power, letter in enumerate("kmgt", 1) for ending in ("i", "ib")}


def parse_size(text: str) -> int:
    """Bytes. Raises ValueError with a sentence."""
    match = _SIZE.fullmatch(text.strip())
    unit = _UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"{text[:40]!r} is no size: write 500MB (500·10^6 bytes), 500Mi (500·2^20) or 20Gi.")
    size = float(match[1]) * unit
    if size > LARGEST:
        raise ValueError(f"{text[:40]!r} is more bytes than a server can hold.")
    return int(size)


def show_size(size: float) -> str:
    """Bytes as people read them, in powers of ten as the option is written."""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if abs(size) >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size:.0f} B"
