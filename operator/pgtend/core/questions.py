"""What the advisor's generators yield and are sent."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from pgtend.domain.advice import CostAnswer, CostsRequest, SizesRequest


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the advisor is sent: the answers to its last question, and the seconds since the one before was answered."""

    sizes: tuple[int, ...] = ()
    costs: tuple[CostAnswer, ...] = ()
    seconds: float = 0.0
    planning_seconds: float = 0.0
    """Of these, the seconds from asking to having the answers."""


Questions = Generator[SizesRequest | CostsRequest, Answers, None]
"""Yields questions, is sent Answers."""
