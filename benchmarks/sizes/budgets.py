"""Are storage budgets kept? Builds what the advisor chooses and adds up: ``python -m benchmarks.sizes.budgets --dsn DSN --cases tpch …``."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.sizes.building import measure
from benchmarks.sizes.workloads import statements
from pgtend.commands.advise import AdviseOptions, find_advice
from pgtend.commands.sizes import parse_size
from pgtend.domain.advice import Constraints, SizeModel
from pgtend.domain.recommendation import Action
from pgtend.postgres.ddl import describe
from pgtend.postgres.secret import target_from_dsn


def main() -> None:
    """Advise at each budget by each size model, build, print a row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True, help="a superuser's DSN of a scratch database")
    parser.add_argument("--cases", choices=["tpch", "marketplace"], required=True)
    parser.add_argument("--workload", type=Path, help="the statements, as for pgtend advise")
    parser.add_argument("--kept", type=Path, help="a file that remembers what was built")
    parser.add_argument("budgets", nargs="+", type=parse_size, help="500MB, say")
    arguments = parser.parse_args()
    given = statements(arguments.cases, arguments.workload)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([{"id": each.id, "sql": each.sql, "weight": each.weight} for each in given], file)
        file.flush()
        _print_budgets(arguments.dsn, Path(file.name), arguments.budgets, arguments.kept)


def _print_budgets(dsn: str, workload: Path, budgets: Sequence[int], kept: Path | None) -> None:
    target = target_from_dsn(dsn)
    print("| size model | budget | indexes | estimated | built | freed | added / budget | cost after / before |")
    print("|---|---|---|---|---|---|---|---|")
    for size_model in SizeModel:
        for budget in budgets:
            constraints = Constraints(storage_budget=budget, max_indexes_per_table=100)
            options = AdviseOptions(constraints=constraints, workload=workload, size_model=size_model)
            answer = asyncio.run(find_advice(target, options, lambda _: None))
            chosen = {each.index: each.evidence for each in answer.advice.changes if each.action is Action.CREATE}
            built = dict(measure(dsn, chosen, kept))
            estimated, really = sum(each.size_bytes for each in chosen.values()), sum(built.values())
            cells = [size_model.value, f"{budget / 1e6:.0f} MB", str(len(chosen)), f"{estimated / 1e6:.0f} MB"]
            freed = sum(each.evidence.size_bytes for each in answer.advice.changes if each.action is Action.DROP)
            cells += [f"{really / 1e6:.0f} MB", f"{freed / 1e6:.0f} MB", f"{(really - freed) / budget:.2f}"]
            cells.append(f"{answer.advice.cost_after / answer.advice.cost_before:.4f}")
            print(f"| {' | '.join(cells)} |", flush=True)
            for index, evidence in chosen.items():
                if abs(evidence.size_bytes / built[index] - 1) > 0.1:
                    print(f"  off: {describe(index)} {evidence.size_bytes / 1e6:.1f} for {built[index] / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
