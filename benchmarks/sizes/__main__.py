"""Print the tables of benchmarks/sizes/README.md: ``python -m benchmarks.sizes --dsn DSN --cases tpch --workload FOLDER``."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.sizes.building import distinct_keys, measure
from benchmarks.sizes.cases import synthetic_extras, table_cases, tpch_extras, workload_cases
from benchmarks.sizes.document_figures import print_figures
from benchmarks.sizes.facts import write_facts
from benchmarks.sizes.workloads import statements
from pgtend.commands.workload_files import given_workload
from pgtend.core.size import unique_keys
from pgtend.core.sizing.distinct import key_spread
from pgtend.core.sizing.spread import occurring
from pgtend.domain.advice import SizeModel
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import AccessMethod, Index
from pgtend.postgres.connection import ConnectionLimits
from pgtend.postgres.ddl import describe
from pgtend.postgres.hypopg import open_cost_model
from pgtend.postgres.observer import open_observer
from pgtend.postgres.secret import ConnectionTarget, target_from_dsn

SHARES = (2, 5, 10, 20)
WORST = 15
_MOST_FACTS = 40


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One index: bytes by pgtend's model, by HypoPG's, and when built."""

    index: Index
    predicted: int
    hypopg: int
    built: int

    @property
    def error(self) -> float:
        """Predicted over built, less one."""
        return self.predicted / self.built - 1


def main() -> None:
    """Build, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--dsn", required=True, help="a superuser's DSN of a scratch database: indexes are built in it and dropped"
    )
    parser.add_argument("--cases", choices=["tpch", "marketplace", "synthetic", "documents"], required=True)
    parser.add_argument("--workload", type=Path, help="the queries whose candidates are built, as for pgtend advise")
    parser.add_argument("--kept", type=Path, help="a file that remembers what was built, so that a second run is quick")
    parser.add_argument(
        "--rows",
        type=lambda text: tuple(map(int, text.split(","))),
        default=(10_000, 100_000, 1_000_000),
        help="of documents: how many rows its tables have, each made if it is not there: 10000,100000,1000000",
    )
    parser.add_argument("--facts", type=Path, help="write statistics and bytes of some of the indexes to this file")
    arguments = parser.parse_args()
    if arguments.cases == "documents":
        print_figures(arguments.dsn, arguments.rows, arguments.kept)
        return
    target = target_from_dsn(arguments.dsn)
    catalog = asyncio.run(_read_catalog(target))
    built = dict(measure(arguments.dsn, _cases(arguments.cases, arguments.workload, catalog), arguments.kept))
    if arguments.facts is not None:
        write_facts(arguments.facts, catalog, built, most=_MOST_FACTS)
    own = asyncio.run(_sizes(target, catalog, list(built), SizeModel.PGTEND))
    hypopg = asyncio.run(_sizes(target, catalog, list(built), SizeModel.HYPOPG))
    compared = [
        Comparison(index=index, predicted=own[index], hypopg=hypopg[index], built=bytes_)
        for index, bytes_ in built.items()
    ]
    for method in AccessMethod:
        chosen = [each for each in compared if each.index.method is method]
        if chosen:
            _print_method(method, chosen)
    with psycopg.connect(arguments.dsn, autocommit=True) as connection:
        _print_worst(connection, catalog, [each for each in compared if each.index.method is AccessMethod.BTREE])


def _cases(name: str, workload: Path | None, catalog: Catalog) -> Iterator[Index]:
    yield from workload_cases(given_workload(statements(name, workload), catalog), catalog, width=3)
    if name == "tpch":
        yield from tpch_extras()
        return
    yield from table_cases(table for table in catalog.tables.values() if not table.extension_owned)
    if name == "synthetic":
        yield from synthetic_extras()


async def _read_catalog(target: ConnectionTarget) -> Catalog:
    async with open_observer(target, ConnectionLimits(), own_roles=()) as observer:
        return await observer.read_catalog()


async def _sizes(
    target: ConnectionTarget, catalog: Catalog, indexes: Sequence[Index], size_model: SizeModel
) -> dict[Index, int]:
    async with open_cost_model(target, ConnectionLimits(), catalog, size_model=size_model) as model:
        return dict(zip(indexes, await model.sizes(indexes), strict=True))


def _print_method(method: AccessMethod, compared: Sequence[Comparison]) -> None:
    print(f"\n{method.value}: {len(compared)} indexes\n")
    print(f"| | {' | '.join(f'within {share} %' for share in SHARES)} | sum of predicted / sum of built | worst |")
    print("|---|" + "---|" * (len(SHARES) + 2))
    for name in ("predicted", "hypopg"):
        errors = [getattr(each, name) / each.built - 1 for each in compared]
        within = [sum(abs(error) <= share / 100 for error in errors) / len(errors) for share in SHARES]
        total = sum(getattr(each, name) for each in compared) / sum(each.built for each in compared)
        cells = [f"{100 * share:.1f} %" for share in within]
        worst = f"{100 * min(errors):+.0f} %, {100 * max(errors):+.0f} %"
        print(f"| {'pgtend' if name == 'predicted' else 'HypoPG'} | {' | '.join(cells)} | {total:.3f} | {worst} |")


def _print_worst(connection: psycopg.Connection, catalog: Catalog, compared: Sequence[Comparison]) -> None:
    print("\n| worst | predicted | built | error | distinct keys estimated | there are |\n|---|---|---|---|---|---|")
    for each in sorted(compared, key=lambda one: -abs(one.error))[:WORST]:
        cells = [
            describe(each.index).partition(" ON ")[2],
            f"{each.predicted / 1e6:.1f} MB",
            f"{each.built / 1e6:.1f} MB",
        ]
        cells.append(f"{100 * each.error:+.1f} %")
        if all(key.column for key in each.index.columns) and not each.index.predicate:
            table = catalog.tables[each.index.table_name]
            columns = [table.columns[key.column or ""] for key in each.index.columns]
            spread = key_spread(columns, table, unique_keys(catalog, table.name))[-1]
            cells += [f"{occurring(spread):,.0f}", f"{distinct_keys(connection, each.index):,}"]
        else:
            cells += ["", ""]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
