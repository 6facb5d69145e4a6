"""Looks into the values of the columns of which the size of an index depends on what is inside of them."""

from __future__ import annotations

import asyncio

from pgtend.core.looked_into import columns_looked_into, with_contents
from pgtend.domain.catalog import Catalog
from pgtend.domain.workload import Workload
from pgtend.ports import Database


async def look_into(workload: Workload, catalog: Catalog, database: Database) -> Catalog:
    """The catalog with what pg_stats tells of the inside of the columns that this workload looks into."""
    columns = await asyncio.to_thread(columns_looked_into, workload, catalog)
    return with_contents(catalog, await database.read_contents(columns)) if columns else catalog
