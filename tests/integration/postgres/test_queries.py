"""Every named query can be prepared on each supported server, says what it is, and is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from psycopg import sql

import pgtend.postgres
from pgtend.postgres.queries import load
from tests.integration.postgres.conftest import Shop

FOLDER = Path(pgtend.postgres.__file__).parent
NAMES = sorted(path.stem for path in (FOLDER / "queries").glob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_says_what_since_when_and_which_privilege(name: str) -> None:
    header = "".join(line for line in load(name).as_string().splitlines(keepends=True) if line.startswith("--"))
    assert re.match(r"-- What: .+\.\n", header, re.DOTALL)
    assert "-- Since: " in header
    assert "Privilege: " in header


@pytest.mark.parametrize("name", NAMES)
def test_is_used(name: str) -> None:
    code = "".join(path.read_text() for path in FOLDER.glob("*.py"))
    assert f'"{name}"' in code


async def test_can_be_prepared(shop: Shop) -> None:
    with shop.connect("pgtend_observer") as session:
        session.execute("SET search_path = pg_catalog")
        for name in NAMES:
            if name.startswith("hypothetical") and shop.database.server.version != 15:
                continue
            if name in ("hypothetical_hide", "hypothetical_unhide"):  # since HypoPG 1.4, which no test server has
                continue
            text = load(name).format(extension_schema=sql.Identifier("public")).as_string()
            numbered = re.sub(r"%\((\w+)\)s", "$1", text)
            names = re.findall(r"%\((\w+)\)s", text)
            for number, parameter in enumerate(dict.fromkeys(names), start=1):
                text = text.replace(f"%({parameter})s", f"${number}")
            assert numbered.count("$1") == len(names)
            session.execute(f"PREPARE tried AS {text}".encode())
            session.execute("DEALLOCATE tried")
