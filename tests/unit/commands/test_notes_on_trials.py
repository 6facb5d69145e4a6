"""What a trial does not try is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtend.commands.answer import name_of
from pgtend.commands.execute import notes_on
from pgtend.core.rule_of_thumb import advise_unvalidated
from pgtend.domain.advice import Constraints
from tests.unit.core.test_referential_checks import CATALOG, DELETE, workload


@pytest.mark.parametrize("foreign_key", [True, False])
def test_indexes_for_checks_of_foreign_keys_are_named_since_no_check_is_run(*, foreign_key: bool) -> None:
    deletes, catalog = workload(DELETE), CATALOG if foreign_key else replace(CATALOG, foreign_keys=())
    changes = advise_unvalidated(deletes, catalog, Constraints()).changes
    notes = " ".join(notes_on(deletes.queries, changes, deletes, catalog, standby=False, built=True))
    named = [f"Advised for such looks: {name_of(change)}." in notes for change in changes]
    assert sum(named) == foreign_key
    assert ("were not run" in notes) == foreign_key
