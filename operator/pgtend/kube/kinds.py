"""What the two kinds are called, and where the API server keeps their objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

GROUP = "pgtend.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "pgtend"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One custom resource."""

    name: str
    plural: str

    def path(self, namespace: str | None = None, name: str | None = None, *, subresource: str = "") -> str:
        """The URL path of an object, of the list of a namespace, or of the list of the whole cluster."""
        parts = [f"/apis/{API_VERSION}"]
        if namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name is not None:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)

    def head(self, namespace: str, name: str, **metadata: object) -> dict[str, Any]:
        """The start of every manifest of an object."""
        return {
            "apiVersion": API_VERSION,
            "kind": self.name,
            "metadata": {"namespace": namespace, "name": name, **metadata},
        }


TUNING_POLICY = Kind(name="TuningPolicy", plural="tuningpolicies")
INDEX_RECOMMENDATION = Kind(name="IndexRecommendation", plural="indexrecommendations")
KINDS = (TUNING_POLICY, INDEX_RECOMMENDATION)


@dataclass(frozen=True, kw_only=True, order=True)
class PolicyKey:
    """Which TuningPolicy: one loop for each."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
