"""Secrets, literals and personal data stay where they are: planted everywhere, looked for everywhere, after all other tests.

Each planted text begins with the same word, as do the passwords of all roles of these tests.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from psycopg import sql

from tests.e2e.complaints import until_tuned, until_well
from tests.e2e.load import SHOP, Shape
from tests.e2e.stage import Stage

CANARY = "canary"
PERSON = f"{CANARY}-person@example.com"
LITERALS = (
    f"select id, placed from orders where customer = 7 and note <> '{CANARY}-literal' /* {CANARY}-comment */",
    f"select id from orders where note = '{PERSON}' and customer = 11 -- {CANARY}-trailing comment",
    f"select count(*) from customers where name like '{CANARY}-prefix%' or city = E'{CANARY}-escaped'",
    f'select $${CANARY}-dollar$$, id as "An alias" from orders where customer = 13',
    f"select id from no_such_table where note = '{CANARY}-failing'",
)


@pytest.mark.side_by_side
def test_personal_data_is_tuned_around(stage: Stage) -> None:
    shop = stage.open_shop("canaries", shapes=(*SHOP, *(literally(text) for text in LITERALS)))
    with shop.connect() as connection:
        # A most common value that statistics hold, and statements whose texts pg_stat_statements keeps as they were written.
        connection.execute("update orders set note = %s where id %% 3 = 0", (PERSON,))
        connection.execute("analyze orders")
        connection.execute(
            sql.SQL("create role canaries_owner password {}").format(sql.Literal(f"{CANARY}-of-a-statement"))
        )
        connection.execute(f"do $$ begin perform 1 from orders where note = '{CANARY}-block'; end $$".encode())
    shop.apply_policy()
    name = until_tuned(shop, "orders")
    shop.approve(name)
    shop.until_condition("Applied", "Done", name=name)
    until_well(shop, "Connected", "Permitted", "WhatIf", "TunerReady")
    shop.stop_load()


@pytest.mark.afterwards
def test_no_secret_literal_or_personal_datum_got_out(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> None:
    seen = {f"log {path}": path.read_text() for path in logs(tmp_path_factory.getbasetemp())}
    seen["metrics"] = stage.operator.ask("/metrics")[1]
    for kind in ("tuningpolicies", "indexrecommendations", "events.v1.events.k8s.io"):
        answer = json.loads(stage.admin.run("get", kind, "--all-namespaces", "--output", "json"))
        for each in answer["items"]:
            metadata = each["metadata"]
            said = {part: each[part] for part in ("status", "reason", "note") if part in each}
            seen[f"{kind} {metadata['namespace']}/{metadata['name']}"] = json.dumps(said)
    history = stage.operator.history
    seen["history"] = "".join(
        path.read_bytes().decode(errors="replace") for path in history.parent.glob(f"{history.name}*")
    )
    assert len(seen) > 5, "there is nothing to look through"
    assert stage.operator.log.stat().st_size > 0
    secrets = {*stage.databases.passwords.values(), stage.databases.server.password}
    found = [
        f"{place}: …{text[max(0, at - 60) : at + 60]}…"
        for place, text in seen.items()
        for word in (CANARY, *secrets)
        if (at := text.find(word)) >= 0
    ]
    assert not found, "\n".join(found)


def literally(statement: str) -> Shape:
    """A statement with its constants in it."""
    return Shape(sql=statement, values=lambda _: (), per_second=2.0)


def logs(folder: Path) -> list[Path]:
    """The logs of all operators of this session."""
    return sorted(folder.rglob("operator.log"))
