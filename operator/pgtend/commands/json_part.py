"""What all parts of the JSON form have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Part(BaseModel):
    """An object of the JSON form: its fields are in camel case, and there are no others."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid")


class Cost(Part):
    """Planner's cost as things are, and with the change."""

    before: float
    after: float
