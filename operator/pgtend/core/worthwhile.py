"""Which advised changes are worth making and measuring, by what the policy counts as improved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgtend.domain.advice import AdvisedChange
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action


def worth_measuring(changes: Iterable[AdvisedChange], verification: Verification) -> Iterator[AdvisedChange]:
    """The changes but for those of which the planner itself expects less than what would count as improved.

    They could not be found to have helped. What no plan has confirmed is a person's to judge, and a drop promises no gain.
    """
    for change in changes:
        is_promise = change.action is Action.CREATE and change.evidence.validated
        if not is_promise or change.evidence.benefit_percent >= verification.improvement_percent:
            yield change
