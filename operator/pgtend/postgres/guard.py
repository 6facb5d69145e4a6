"""The guard before every query that is planned or run: one for hypothetical planning and for really running it.

It puts together what ``pgtend.core.inert`` says of the text and what ``user_code`` says of the database.
"""

from __future__ import annotations

from pgtend.core.inert import problem_of
from pgtend.domain.catalog import Catalog
from pgtend.domain.finding import Aspect, StatementFailed
from pgtend.domain.workload import Query
from pgtend.postgres.asking import fetch
from pgtend.postgres.connection import Session
from pgtend.postgres.failures import LOCK_NOT_AVAILABLE
from pgtend.postgres.user_code import PARAMETERS, UserCode, reason_not_to_plan, user_code_from


def reason_to_refuse(query: Query, catalog: Catalog, code: UserCode) -> str | None:
    """Why the query must be neither planned nor run, as a sentence without any constant of it; None when it may be."""
    return problem_of(query, catalog, code.types) or reason_not_to_plan(query, code)


async def read_user_code(session: Session, aspect: Aspect) -> UserCode:
    """What planning may run; where somebody goes on holding a relation exclusively, without it and what is made of it.

    Raises StatementFailed.
    """
    try:
        return user_code_from(await fetch(session, aspect, "user_code", PARAMETERS))
    except StatementFailed as failure:
        if failure.sqlstate != LOCK_NOT_AVAILABLE:
            raise
    return user_code_from(await fetch(session, aspect, "user_code", {**PARAMETERS, "past_locked": True}))
