"""Objects as the API server holds them ↔ the domain's values; pure.

What the operator writes is read back as exactly the value that was written (texts longer than the schema allows are
cut), so comparing values tells whether anything has to be written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import durationpy
from cronsim import CronSim, CronSimError
from kubernetes.utils.quantity import parse_quantity
from pydantic import TypeAdapter, ValidationError

from pgtend.domain.finding import PolicyInvalid
from pgtend.domain.policy import AbsoluteWindow, Budgets, Policy, RecurringWindow, Verification, Window
from pgtend.domain.policy_status import PolicyStatus
from pgtend.domain.recommendation import ApprovalState, Recommendation, RecommendationStatus
from pgtend.kube import display
from pgtend.kube.resources import tuning_policy as declared
from pgtend.kube.resources.fields import Observed
from pgtend.kube.resources.index_recommendation import IndexRecommendationSpec, IndexRecommendationStatus
from pgtend.kube.resources.tuning_policy_status import TuningPolicyStatus
from pgtend.kube.resources.windows import FreezeWindow

Object = Mapping[str, Any]

_recommendation_status = TypeAdapter(RecommendationStatus)
_policy_status = TypeAdapter(PolicyStatus)


def policy_from_object(obj: Object) -> Policy:
    """The policy that a TuningPolicy object declares.

    Raises PolicyInvalid where the schema let something through that means nothing.
    """
    try:
        spec = declared.TuningPolicySpec.model_validate(obj.get("spec") or {})
    except ValidationError as error:
        raise PolicyInvalid(f"This policy cannot be read: {_describe(error, 'spec')}.") from None
    metadata = obj["metadata"]
    tuner = spec.database.tuner
    return Policy(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata["generation"],
        created_at=datetime.fromisoformat(metadata["creationTimestamp"]),
        mode=spec.mode,
        aggressiveness=spec.aggressiveness,
        suspended=spec.suspend,
        collect_interval=_duration("collectInterval", spec.collect_interval),
        tune_interval=_duration("tuneInterval", spec.tune_interval),
        what_if=spec.what_if.source,
        sample_constants=spec.what_if.sample_constants,
        observer_secret=spec.database.observer.secret_ref.name,
        tuner_secret=tuner.secret_ref.name if tuner else None,
        freeze_windows=tuple(_window(window) for window in spec.freeze_windows),
        running_build=spec.freeze.running_build,
        freeze_rollback=spec.freeze.rollback,
        budgets=_budgets(spec.budgets),
        verification=_verification(spec.verification),
    )


def recommendation_from_object(obj: Object) -> Recommendation:
    """The recommendation that an IndexRecommendation object holds; what cannot be read is said in ``invalid``.

    An object that cannot be read counts as not approved.
    """
    problems = []
    spec, status = IndexRecommendationSpec(), RecommendationStatus()
    try:
        spec = IndexRecommendationSpec.model_validate(obj.get("spec") or {})
    except ValidationError as error:
        problems.append(_describe(error, "spec"))
    try:
        status = recommendation_status_from_object(obj.get("status") or {})
    except ValidationError as error:
        problems.append(_describe(error, "status"))
    metadata = obj["metadata"]
    return Recommendation(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata["generation"],
        resource_version=metadata["resourceVersion"],
        policy=spec.policy_ref.name if spec.policy_ref else "",
        approval=ApprovalState.PENDING if problems else spec.approval,
        approved_by=spec.approved_by,
        comment=spec.comment,
        status=status,
        unapproved_at=_unapproved_at(spec),
        invalid=f"This object cannot be read: {'; '.join(problems)}." if problems else "",
    )


def _unapproved_at(spec: IndexRecommendationSpec) -> int:
    """The generation before the change that made it Approved, where the API server wrote that down."""
    changed_at = spec.approval_generation or 0
    return max(changed_at - 1, 0) if spec.approval is ApprovalState.APPROVED else 0


def status_to_object(status: RecommendationStatus) -> dict[str, Any]:
    """The status of an IndexRecommendation as it is written."""
    written = IndexRecommendationStatus.model_validate(status)
    generations = [condition.observed_generation for condition in status.conditions]
    return _write(
        written.model_copy(
            update={"display": display.of_recommendation(status), "observed_generation": max(generations, default=0)}
        )
    )


def policy_status_to_object(status: PolicyStatus) -> dict[str, Any]:
    """The status of a TuningPolicy as it is written."""
    written = TuningPolicyStatus.model_validate(status)
    return _write(written.model_copy(update={"display": display.of_policy(status)}))


def recommendation_status_from_object(status: Object) -> RecommendationStatus:
    """The value that a written status holds. Raises pydantic's ValidationError where it holds none."""
    return _recommendation_status.validate_python(_read(IndexRecommendationStatus, status))


def policy_status_from_object(status: Object) -> PolicyStatus:
    """The value that a written status holds. Raises pydantic's ValidationError where it holds none."""
    return _policy_status.validate_python(_read(TuningPolicyStatus, status))


def _write(status: Observed) -> dict[str, Any]:
    return status.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _read(kind: type[Observed], status: Object) -> dict[str, Any]:
    content = kind.model_validate(status).model_dump(by_alias=False, exclude_defaults=True)
    return {key: value for key, value in content.items() if key != "display"}


def _describe(error: ValidationError, root: str) -> str:
    """What is wrong and where, without the values: a person may have put anything there."""
    parts = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join([root, *map(str, part['loc'])])}: {part['msg']}" for part in parts)


def _duration(field: str, text: str) -> timedelta:
    try:
        duration: timedelta = durationpy.from_str(text)
    except durationpy.DurationError:
        raise PolicyInvalid(f"{field} is not a duration: write it like 90s, 15m or 1h30m.") from None
    return duration


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _window(window: FreezeWindow) -> Window:
    if window.schedule is None:
        return _absolute_window(window)
    if window.duration is None or window.time_zone is None:
        raise PolicyInvalid(f"The freeze window {window.name} has a schedule and so needs a duration and a timeZone.")
    if window.time_zone not in _zones():
        raise PolicyInvalid(
            f"The freeze window {window.name} has a timeZone that nobody knows, {window.time_zone}: "
            "use an IANA name like Europe/London."
        )
    try:
        next(CronSim(window.schedule, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise PolicyInvalid(
            f'The freeze window {window.name} has a schedule that means nothing, "{window.schedule}" '
            f"({str(error).lower()}): it takes minute, hour, day of month, month and day of week, like cron."
        ) from None
    except StopIteration:
        raise PolicyInvalid(
            f'The freeze window {window.name} has a schedule that never comes about, "{window.schedule}".'
        ) from None
    return RecurringWindow(
        name=window.name,
        schedule=window.schedule,
        duration=_duration(f"The duration of the freeze window {window.name}", window.duration),
        zone=ZoneInfo(window.time_zone),
    )


def _absolute_window(window: FreezeWindow) -> AbsoluteWindow:
    if window.start is None or window.end is None or window.start.tzinfo is None or window.end.tzinfo is None:
        raise PolicyInvalid(f"The freeze window {window.name} needs a schedule, or a start and an end with time zones.")
    if window.end <= window.start:
        raise PolicyInvalid(f"The freeze window {window.name} ends before it starts.")
    try:
        return AbsoluteWindow(name=window.name, start=window.start.astimezone(UTC), end=window.end.astimezone(UTC))
    except OverflowError:
        raise PolicyInvalid(
            f"The freeze window {window.name} reaches beyond the years that can be reckoned with: use 2000 to 2999."
        ) from None


def _budgets(budgets: declared.Budgets) -> Budgets:
    storage = budgets.index_storage
    if isinstance(storage, str) and not re.fullmatch(declared.STORAGE, storage):
        raise PolicyInvalid("budgets.indexStorage is not a quantity: write it like 20Gi or 500M.")
    size = None if storage is None else int(parse_quantity(storage))  # type: ignore[no-untyped-call]  # the client has no types here
    return Budgets(
        max_indexes_per_table=budgets.max_indexes_per_table,
        index_storage=size,
        max_concurrent_builds=budgets.max_concurrent_builds,
        max_changes_per_day=budgets.max_changes_per_day,
    )


def _verification(verification: declared.Verification) -> Verification:
    try:
        significance = float(verification.significance)
    except ValueError:
        raise PolicyInvalid('verification.significance is not a decimal fraction: write it like "0.01".') from None
    return Verification(
        min_duration=_duration("verification.minDuration", verification.min_duration),
        max_duration=_duration("verification.maxDuration", verification.max_duration),
        improvement_percent=float(verification.improvement_percent),
        regression_percent=float(verification.regression_percent),
        significance=significance,
    )
