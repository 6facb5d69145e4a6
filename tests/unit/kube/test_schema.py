"""The generator of structural schemas: what it says, and what it refuses."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from pgtend.kube.schema import NotStructural, structural_schema


class Colour(StrEnum):
    """A colour."""

    RED = "Red"
    BLUE = "Blue"


class Inner(BaseModel):
    """An inner part."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-validations": [{"rule": "inner"}]})
    size: Annotated[int, Field(description="Its size.")] = 3


class Tree(BaseModel):
    """Contains itself."""

    children: Annotated[list[Tree], Field(max_length=3, description="More of them.")]


def field_schema(kind: Any, **field: Any) -> dict[str, Any]:
    """The schema of a single field of that type."""
    model = create_model("Sample", __doc__="A sample.", field=(kind, Field(**{"description": "It.", **field})))
    schema: dict[str, Any] = structural_schema(model)["properties"]["field"]
    return schema


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        pytest.param(str, {"max_length": 9}, {"type": "string", "maxLength": 9}, id="text"),
        pytest.param(
            str | None,
            {"max_length": 9, "default": None},
            {"type": "string", "maxLength": 9},
            id="optional is not nullable",
        ),
        pytest.param(
            str, {"max_length": 9, "default": ""}, {"type": "string", "maxLength": 9}, id="an empty default is none"
        ),
        pytest.param(
            str, {"max_length": 9, "default": "a"}, {"type": "string", "maxLength": 9, "default": "a"}, id="a default"
        ),
        pytest.param(bool, {"default": False}, {"type": "boolean", "default": False}, id="a default of false"),
        pytest.param(Colour, {}, {"type": "string", "enum": ["Red", "Blue"]}, id="enum"),
        pytest.param(Literal["a", "b"], {}, {"type": "string", "enum": ["a", "b"]}, id="literal"),
        pytest.param(Literal["a"], {}, {"type": "string", "enum": ["a"]}, id="a single literal"),
        pytest.param(
            int,
            {"gt": 0, "le": 5},
            {"type": "integer", "format": "int64", "minimum": 0, "exclusiveMinimum": True, "maximum": 5},
            id="an exclusive bound is a flag beside the bound",
        ),
        pytest.param(datetime, {}, {"type": "string", "format": "date-time"}, id="time"),
        pytest.param(
            list[int],
            {"max_length": 4},
            {"type": "array", "maxItems": 4, "items": {"type": "integer", "format": "int64"}},
            id="list",
        ),
        pytest.param(
            tuple[int, ...],
            {"max_length": 4},
            {"type": "array", "maxItems": 4, "items": {"type": "integer", "format": "int64"}},
            id="a tuple of any length is a list",
        ),
        pytest.param(
            set[Colour],
            {"max_length": 2},
            {
                "type": "array",
                "maxItems": 2,
                "x-kubernetes-list-type": "set",
                "items": {"type": "string", "enum": ["Red", "Blue"], "description": "A colour."},
            },
            id="set",
        ),
        pytest.param(
            dict[str, int],
            {"json_schema_extra": {"maxProperties": 3}},
            {"type": "object", "maxProperties": 3, "additionalProperties": {"type": "integer", "format": "int64"}},
            id="map",
        ),
        pytest.param(
            Annotated[int | str, WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 9})],
            {},
            {"x-kubernetes-int-or-string": True, "maxLength": 9},
            id="a number or text is marked, not typed",
        ),
    ],
)
def test_says_what_kubernetes_understands(kind: Any, field: dict[str, Any], expected: dict[str, Any]) -> None:
    assert field_schema(kind, **field) == {"description": "It.", **expected}


def test_inlines_parts_and_adds_up_their_rules() -> None:
    rules = {"x-kubernetes-validations": [{"rule": "outer"}]}
    assert field_schema(Inner, default=Inner(), json_schema_extra=rules) == {
        "description": "It.",
        "type": "object",
        "default": {"size": 3},
        "properties": {"size": {"description": "Its size.", "type": "integer", "format": "int64", "default": 3}},
        "x-kubernetes-validations": [{"rule": "inner"}, {"rule": "outer"}],
    }


def test_calls_fields_by_their_aliases() -> None:
    model = create_model(
        "Sample", __doc__="A sample.", some_size=(int, Field(alias="someSize", description="Its size."))
    )
    assert structural_schema(model)["required"] == ["someSize"]


@pytest.mark.parametrize(
    ("kind", "field", "sentence"),
    [
        pytest.param(str, {}, "Sample.field: it has no maxLength", id="text without a maximum"),
        pytest.param(list[int], {}, "Sample.field: it has no maxItems", id="list without a maximum"),
        pytest.param(dict[str, int], {}, "Sample.field: it has no maxProperties", id="map without a maximum"),
        pytest.param(
            list[str], {"max_length": 2}, r"Sample.field.\[\]: it has no maxLength", id="entries without a maximum"
        ),
        pytest.param(int | str, {}, "Sample.field: it is a union", id="union"),
        pytest.param(Decimal, {}, "Sample.field: it is a union", id="decimal"),
        pytest.param(tuple[int, str], {}, "a structural schema has no prefixItems", id="tuple of fixed length"),
        pytest.param(timedelta, {}, "format duration means something else", id="timedelta"),
        pytest.param(Any, {}, "cannot say what it is", id="anything"),
        pytest.param(dict[str, Any], {}, "an object needs named fields", id="any object"),
        pytest.param(Tree, {}, "Tree contains itself", id="recursion"),
        pytest.param(str, {"max_length": 3, "description": None}, "it has no description", id="no description"),
        pytest.param(
            str, {"max_length": 3, "examples": ["a"]}, "a structural schema has no examples", id="unknown keyword"
        ),
    ],
)
def test_refuses_what_a_schema_cannot_say(kind: Any, field: dict[str, Any], sentence: str) -> None:
    with pytest.raises(NotStructural, match=sentence):
        field_schema(kind, **field)
