"""Types that a database's users and its extensions made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class UserTypes:
    """Types outside pg_catalog by name, then schema: whether making a value of it runs nothing but harmless code."""

    harmless: Mapping[str, Mapping[str, bool]] = field(default_factory=dict)

    def admit(self, name: str, schemas: Iterable[str]) -> bool:
        """Whether a type of this name in any of these schemas is there, and every one is harmless.

        A role may not see all schemas of its search_path, so it is not known which of several namesakes it would get.
        """
        known = self.harmless.get(name, {})
        found = [known[schema] for schema in schemas if schema in known]
        return bool(found) and all(found)
