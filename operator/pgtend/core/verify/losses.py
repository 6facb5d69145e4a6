"""Who lost by a change: surely, perhaps, or surely not.

A statement lost when it takes longer by regressionPercent relative to the controls, and by the clock, too, by half of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log1p

from pgtend.core.verify.baseline import MIN_SLICES
from pgtend.core.verify.effects import Effect, adjust_for_many, total_effect
from pgtend.core.wording import change
from pgtend.domain.policy import Verification
from pgtend.domain.recommendation import Action
from pgtend.domain.verification import TreatedRole, TreatedStatement

NOTABLE_SHARE = 0.05
"""A touching statement matters with this share of the treated time before, or when it adds as much."""

SUSPICION = 0.1
"""A slower statement whose p-value is below this keeps the measuring going."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A treated statement with its effect; ``p_value`` is adjusted for the number of statements."""

    statement: TreatedStatement
    effect: Effect
    p_value: float
    matters: bool
    """Whether its loss counts however little of the time is its own: it should gain, or nobody gains from the change."""


def judge_each(seen: Sequence[tuple[TreatedStatement, Effect]], action: Action) -> list[Judged]:
    """The statements with enough slices on both sides."""
    able = [pair for pair in seen if min(pair[0].before.n, pair[0].after.n) >= MIN_SLICES]
    adjusted = adjust_for_many([effect.p_value for _, effect in able])
    return [
        Judged(
            statement=statement,
            effect=effect,
            p_value=p_value,
            matters=statement.role is TreatedRole.HELPED or action is Action.DROP,
        )
        for (statement, effect), p_value in zip(able, adjusted, strict=True)
    ]


def find_loss(judged: Sequence[Judged], verification: Verification, significance: float) -> str | None:
    """The sentence that says who became slower for sure; None where nobody did."""
    hurt = [
        each
        for each in _slower(judged, verification)
        if each.p_value < significance and _took_longer([each], verification)
    ]
    if hurt:
        worst = max(hurt, key=_added_share)
        others = f" and {len(hurt) - 1} more" if len(hurt) > 1 else ""
        return (
            f"Statement {worst.statement.fingerprint}{others} became slower: {change(worst.effect.percent)} % relative to "
            "statements that the change cannot touch."
        )
    total = _slower_together(judged, verification)
    if total is not None and total.p_value < significance and _took_longer(judged, verification):
        return f"The statements on the table together take {change(total.percent)} % more time than before."
    return None


def suspect_loss(judged: Sequence[Judged], verification: Verification, significance: float) -> str | None:
    """The sentence that says who may have become slower: not sure enough to take the change back, but too likely to call it good.

    Where the load as a whole has fallen since the change, a loss hides: a call takes no longer by the clock than before. Whether it
    does is seen when the load comes back, so the measuring goes on.
    """
    hurt = [each for each in _slower(judged, verification) if each.effect.p_value < SUSPICION]
    if hurt:
        worst = max(hurt, key=_added_share)
        what, p_value = f"Statement {worst.statement.fingerprint} seems", worst.p_value
        effect, longer = worst.effect, _took_longer([worst], verification)
    else:
        total = _slower_together(judged, verification)
        if total is None or total.p_value >= SUSPICION:
            return None
        what, p_value = "The statements on the table together seem", total.p_value
        effect, longer = total, _took_longer(judged, verification)
    doubt = (
        "which is not sure enough yet"
        if longer
        else "but by the clock their calls take hardly longer, for the controls became faster: the measuring goes on"
    )
    return f"{what} to have become slower ({change(effect.percent)} %, {tell_p(p_value, significance)}), {doubt}."


def tell_trifles(judged: Sequence[Judged], verification: Verification) -> str:
    """A sentence, begun with a space, about statements that look slower and do not count, having too little of the time; or nothing.

    Whoever reads the measured effects sees each with a p-value of its own, so that is what tells here, not the adjusted one.
    """
    allowed = log1p(verification.regression_percent / 100)
    trifles = [
        each
        for each in judged
        if each.effect.log_ratio >= allowed and each.effect.p_value < verification.significance and not _matters(each)
    ]
    if not trifles:
        return ""
    worst = max(trifles, key=_added_share)
    others = f" and {len(trifles) - 1} more were" if len(trifles) > 1 else " was"
    return (
        f" Statement {worst.statement.fingerprint}{others} measured to be slower ({change(worst.effect.percent)} %, "
        f"p = {worst.effect.p_value:.2g}), which does not count: it had {100 * worst.statement.weight:.2g} % of the time of the "
        f"statements on the table, and less than {100 * NOTABLE_SHARE:g} % does not matter."
    )


def tell_p(p_value: float, significance: float) -> str:
    """The p-value with the one that is needed at this look: below it, an effect is sure."""
    return f"p = {p_value:.2g}, below {significance:.2g} is needed"


def _slower(judged: Sequence[Judged], verification: Verification) -> list[Judged]:
    allowed = log1p(verification.regression_percent / 100)
    return [each for each in judged if each.effect.log_ratio >= allowed and _matters(each)]


def _slower_together(judged: Sequence[Judged], verification: Verification) -> Effect | None:
    """The effect on the time of all statements on the table, if it is a loss that is not allowed."""
    if not judged:
        return None
    total = total_effect([(each.statement.weight, each.effect) for each in judged])
    return total if total.log_ratio >= log1p(verification.regression_percent / 100) else None


def _took_longer(judged: Sequence[Judged], verification: Verification) -> bool:
    """Whether calls take longer by the clock, too, by half of what is allowed: nobody suffers where only the controls became faster."""
    before = sum(each.statement.weight for each in judged)
    after = sum(
        each.statement.weight * each.statement.load_after.mean_ms / each.statement.load_before.mean_ms
        for each in judged
    )
    return after > before * (1 + verification.regression_percent / 200)


def _matters(each: Judged) -> bool:
    return each.matters or each.statement.weight >= NOTABLE_SHARE or _added_share(each) >= NOTABLE_SHARE


def _added_share(each: Judged) -> float:
    """Time that the statement takes more than before, as a share of the treated time before."""
    return each.statement.weight * each.effect.percent / 100


def doubt_no_loss(
    treated: Sequence[TreatedStatement], judged: Sequence[Judged], verification: Verification, significance: float
) -> str | None:
    """Why it is not shown yet that nobody lost; None where each notable statement, and all together, are known to have lost less.

    A statement with little of the time passes, too, where it adds little even at the worst that its slices leave possible, or has
    too few of them to say anything. All must pass, so none is tested at less than the whole significance (R. L. Berger,
    "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 1982).
    """
    allowed = log1p(verification.regression_percent / 100)
    seen = {each.statement.fingerprint for each in judged}
    unseen = [each for each in treated if each.fingerprint not in seen and each.weight >= NOTABLE_SHARE]
    if unseen:
        rarest = min(unseen, key=lambda each: (min(each.before.n, each.after.n), each.fingerprint))
        return (
            f"Statement {rarest.fingerprint} ran in {rarest.before.n} slices before and {rarest.after.n} after, together with enough "
            f"controls; {MIN_SLICES} are needed on each side."
        )
    worst, bound = "", allowed
    for each in judged:
        upper = each.effect.upper_bound(significance)
        if upper >= bound and (each.statement.weight >= NOTABLE_SHARE or _may_add(each, upper) >= NOTABLE_SHARE):
            worst, bound = f"statement {each.statement.fingerprint} takes", upper
    together = total_effect([(each.statement.weight, each.effect) for each in judged]).upper_bound(significance)
    if together >= bound:
        worst, bound = "the statements on the table together take", together
    if not worst:
        return None
    percent = 100 * (exp(bound) - 1)
    return (
        f"It is not shown that nobody lost: it cannot be ruled out that {worst} {percent:.0f} % more time than before."
    )


def count_unshown(
    treated: Sequence[TreatedStatement], judged: Sequence[Judged], verification: Verification, significance: float
) -> int:
    """How many statements nothing can be said of, where ``doubt_no_loss`` has none: they have little of the time."""
    allowed = log1p(verification.regression_percent / 100)
    shown = [each for each in judged if each.effect.upper_bound(significance) < allowed]
    return len(treated) - len(shown)


def _may_add(each: Judged, upper: float) -> float:
    """Time that the statement takes more than before at that bound, as a share of the treated time before."""
    return each.statement.weight * (exp(upper) - 1)
