"""The building blocks of the kinds: base classes, texts with their maxima, and rules that the API server checks.

Rules are CEL (https://kubernetes.io/docs/reference/using-api/cel/). One rule checks form and range of a field together, so
that a wrong value is answered with one plain sentence; a `pattern` would be answered with the regular expression.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
# At most 20 characters with at most six digits a unit: no sum of them overflows the 64-bit nanoseconds of a Go duration.
GO_DURATION = "^([0-9]{1,6}([.][0-9]{1,3})?(ms|s|m|h))+$"
DURATION_LENGTH = 20


def rules(*pairs: tuple[str, str]) -> dict[str, Any]:
    """Validation rules for a schema: pairs of a CEL expression and the sentence shown where it does not hold."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}


def duration_between(least: str, most: str) -> dict[str, Any]:
    """The rule of a duration field, with both ends included; ``least`` and ``most`` are Go durations."""
    return rules(
        (
            f"self.matches('{GO_DURATION}') && duration(self) >= duration('{least}') && duration(self) <= duration('{most}')",
            f"must be a duration between {least} and {most}, written like 90s, 15m or 1h30m",
        )
    )


def map_list(key: str) -> dict[str, Any]:
    """A list whose entries are told apart by one field: no two alike, and appliers own their entries only."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


ATOMIC = {"x-kubernetes-list-type": "atomic"}


class Declared(BaseModel):
    """Part of a spec: what people write. Defaults become defaults of the schema."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Observed(BaseModel):
    """Part of a status: what the operator writes. It is read from the domain's values by attribute.

    Its defaults are left out when it is written, and are no defaults of the schema: the API server adds nothing.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        from_attributes=True,
        frozen=True,
        allow_inf_nan=False,
        json_schema_extra=_without_defaults,
    )


def _cut(length: int) -> BeforeValidator:
    def cut(value: object) -> object:
        return value[: length - 1] + "…" if isinstance(value, str) and len(value) > length else value

    return BeforeValidator(cut)


def _keep(most: int) -> BeforeValidator:
    def keep(value: object) -> object:
        return value[:most] if isinstance(value, list | tuple) else value

    return BeforeValidator(keep)


def _keep_last(most: int) -> BeforeValidator:
    def keep(value: object) -> object:
        return value[-most:] if isinstance(value, list | tuple) else value

    return BeforeValidator(keep)


def first(most: int) -> tuple[Any, BeforeValidator]:
    """Metadata of a status list that is cut to its first entries rather than refused."""
    return Field(max_length=most), _keep(most)


def last(most: int) -> tuple[Any, BeforeValidator]:
    """Metadata of a status list that is cut to its last entries rather than refused."""
    return Field(max_length=most), _keep_last(most)


# Texts of a status are for people and are cut; names and constants are exact and never cut.
Word = Annotated[str, Field(max_length=100), _cut(100)]
Line = Annotated[str, Field(max_length=200), _cut(200)]
Sentence = Annotated[str, Field(max_length=1000), _cut(1000)]
Paragraph = Annotated[str, Field(max_length=4000), _cut(4000)]
ObjectName = Annotated[str, Field(max_length=253)]
PostgresName = Annotated[str, Field(min_length=1, max_length=63)]


def _render_time(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_render_time, return_type=str, when_used="json")]
