"""A pydantic model as a structural schema of a CustomResourceDefinition.

Strict: what such a schema cannot say, or must not leave open (a text or list without a maximum, a field without a
description), is refused with the place where it stands. Rules and list types travel in a field's `json_schema_extra` under
their `x-kubernetes-` names. What is structural: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

Schema = dict[str, Any]

_PASSED_ON = (
    "description",
    "enum",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
)
_TAKEN_CARE_OF = {
    "type", "title", "default", "$ref", "$defs", "anyOf", "const", "format", "properties", "required", "items",
    "additionalProperties", "exclusiveMinimum", "exclusiveMaximum", "uniqueItems", *_PASSED_ON,
}  # fmt: skip
_EMPTY: tuple[object, ...] = (None, "", [])
_INT_OR_STRING = "x-kubernetes-int-or-string"
_RULES = "x-kubernetes-validations"


class NotStructural(TypeError):
    """A model uses something that a structural schema cannot say, or leaves something open that must have a bound."""


def structural_schema(model: type[BaseModel]) -> Schema:
    """The schema of a model with its field names as aliases. Raises NotStructural."""
    source = model.model_json_schema(by_alias=True)
    return _convert(source, source.get("$defs", {}), (model.__name__,), ())


def _refuse(path: tuple[str, ...], why: str) -> NotStructural:
    return NotStructural(f"{'.'.join(path)}: {why}")


def _convert(source: Schema, definitions: Schema, path: tuple[str, ...], seen: tuple[str, ...]) -> Schema:
    source, seen = _resolve(source, definitions, path, seen)
    unknown = sorted(key for key in source if key not in _TAKEN_CARE_OF and not key.startswith("x-kubernetes-"))
    if unknown:
        raise _refuse(path, f"a structural schema has no {', '.join(unknown)}")
    if "description" not in source and not path[-1].startswith("["):
        raise _refuse(path, "it has no description")
    result = {key: source[key] for key in _PASSED_ON if key in source}
    if "const" in source:
        result["enum"] = [source["const"]]
    if source.get("default") not in _EMPTY:
        result["default"] = _without_empties(source["default"])
    result |= _shape(source, definitions, path, seen)
    result |= {key: value for key, value in source.items() if key.startswith("x-kubernetes-")}
    return result


def _without_empties(default: Any) -> Any:
    # An object's default says what its fields' defaults say: rules are checked on it before those are filled in.
    if isinstance(default, dict):
        return {key: _without_empties(value) for key, value in default.items() if value not in _EMPTY}
    return default


def _resolve(
    source: Schema, definitions: Schema, path: tuple[str, ...], seen: tuple[str, ...]
) -> tuple[Schema, tuple[str, ...]]:
    """Put what is referred to in place, and take optional apart from union; what stands nearer wins, rules add up."""
    while "$ref" in source or "anyOf" in source:
        if "$ref" in source:
            name = source["$ref"].rpartition("/")[2]
            if name in seen:
                raise _refuse(path, f"{name} contains itself")
            seen, inner = (*seen, name), definitions[name]
        else:
            choices = [choice for choice in source["anyOf"] if choice != {"type": "null"}]
            if len(choices) != 1:
                raise _refuse(path, "it is a union")
            inner = choices[0]
        outer = {key: value for key, value in source.items() if key not in {"$ref", "anyOf"}}
        merged = {**inner, **outer}
        if _RULES in inner and _RULES in outer:
            merged[_RULES] = [*inner[_RULES], *outer[_RULES]]
        source = merged
    return source, seen


def _shape(source: Schema, definitions: Schema, path: tuple[str, ...], seen: tuple[str, ...]) -> Schema:
    if source.get(_INT_OR_STRING):
        return _bounded(source, path, "maxLength", {})
    kind = source.get("type")
    match kind:
        case "object":
            return _object(source, definitions, path, seen)
        case "array":
            items = _convert(source.get("items", {}), definitions, (*path, "[]"), seen)
            shape = {"type": "array", "items": items}
            if source.get("uniqueItems"):
                shape["x-kubernetes-list-type"] = "set"
            return _bounded(source, path, "maxItems", shape)
        case "string":
            return _string(source, path)
        case "integer":
            return {"type": "integer", "format": "int64", **_exclusive(source)}
        case "number":
            return {"type": "number", **_exclusive(source)}
        case "boolean":
            return {"type": "boolean"}
    raise _refuse(path, f"a structural schema cannot say what it is ({kind})")


def _object(source: Schema, definitions: Schema, path: tuple[str, ...], seen: tuple[str, ...]) -> Schema:
    if "properties" not in source:
        values = source.get("additionalProperties")
        if not isinstance(values, dict):
            raise _refuse(path, "an object needs named fields or a type of its values")
        converted = _convert(values, definitions, (*path, "[]"), seen)
        return _bounded(source, path, "maxProperties", {"type": "object", "additionalProperties": converted})
    if source.get("additionalProperties"):
        raise _refuse(path, "named fields and others beside them exclude each other")
    properties = {
        name: _convert(field, definitions, (*path, name), seen) for name, field in source["properties"].items()
    }
    required = {"required": source["required"]} if source.get("required") else {}
    return {"type": "object", "properties": properties, **required}


def _string(source: Schema, path: tuple[str, ...]) -> Schema:
    if "enum" in source or "const" in source:
        return {"type": "string"}
    if "format" in source:
        if source["format"] != "date-time":
            raise _refuse(path, f"format {source['format']} means something else to Kubernetes, or nothing")
        return {"type": "string", "format": "date-time"}
    return _bounded(source, path, "maxLength", {"type": "string"})


def _bounded(source: Schema, path: tuple[str, ...], bound: str, shape: Schema) -> Schema:
    if bound not in source:
        raise _refuse(path, f"it has no {bound}, and rules on it would be refused for their possible cost")
    return shape


def _exclusive(source: Schema) -> Schema:
    """Exclusive bounds as OpenAPI 3.0 has them: the bound, and a flag."""
    shape: Schema = {}
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if exclusive in source:
            shape |= {bound: source[exclusive], exclusive: True}
    return shape
