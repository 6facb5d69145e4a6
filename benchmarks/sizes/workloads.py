"""The statements whose candidates are built: from files, or the demo marketplace's."""

from __future__ import annotations

import re
from pathlib import Path

from demo.shapes import SHAPES
from pgtend.commands.workload_files import GivenStatement, read_workload_files

_VALUE = re.compile(r"%\((\w+)\)s")


def statements(cases: str, path: Path | None) -> tuple[GivenStatement, ...]:
    """The statements of these cases."""
    if path is not None:
        return read_workload_files(path)
    if cases == "marketplace":
        return tuple(
            GivenStatement(id=shape.name, sql=_numbered(shape.sql), weight=shape.per_second) for shape in SHAPES
        )
    return ()


def _numbered(text: str) -> str:
    """The statement with $1, $2 and so on, as pg_stat_statements would show it."""
    names = list(dict.fromkeys(_VALUE.findall(text)))
    return _VALUE.sub(lambda match: f"${names.index(match[1]) + 1}", text)
