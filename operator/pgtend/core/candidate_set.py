"""The candidates of a workload: whose they are, how large they are, and which of them matter to which query."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping

from pgtend.core.candidates import candidates_of, starts_with
from pgtend.core.known_costs import NOTHING, IndexSet
from pgtend.core.questions import Answers
from pgtend.core.relevance import scanned, stand_ins
from pgtend.core.sql.usage import table_uses
from pgtend.domain.advice import Constraints, SizesRequest
from pgtend.domain.catalog import Catalog
from pgtend.domain.index import Index, TableName
from pgtend.domain.workload import WeightedQuery


class CandidateSet:
    """The candidates of each query; always in the same order, so that the same input gives the same answer."""

    def __init__(self, catalog: Catalog, constraints: Constraints) -> None:
        self._catalog = catalog
        self._constraints = constraints
        self._relations: dict[str, frozenset[TableName]] = {}
        self._reads: dict[str, list[tuple[TableName, frozenset[str]]]] = {}
        self._places: dict[Index, int] = {}
        self.own: dict[str, IndexSet] = {}
        """Those that were thought of for each query, by its id; of the queries that were admitted."""
        self._scanned: dict[str, IndexSet] = {}
        self._stood_for: dict[str, dict[Index, Index]] = {}
        self.sizes: dict[Index, int] = {}
        """Bytes; without those that do not fit the budget alone."""
        self.too_large: set[Index] = set()
        """Those that do not."""
        self.stand_ins: dict[str, dict[Index, Index]] = {}
        self._wider: dict[Index, tuple[Index, ...]] = {}

    def admit(self, queries: Iterable[WeightedQuery]) -> Generator[SizesRequest, Answers, Answers]:
        """Take in the candidates of these queries, and ask for the sizes of the new ones; returns the answer."""
        own: dict[str, tuple[Index, ...]] = {}
        for each in queries:
            uses = table_uses(each.query, self._catalog)
            own[each.id] = candidates_of(uses, each.query, self._catalog, self._constraints)
            self._relations[each.id] = each.query.relations
            self._reads[each.id] = [(use.table, frozenset(use.read)) for use in uses if not use.whole]
        new = tuple(dict.fromkeys(index for found in own.values() for index in found if index not in self._places))
        self._places |= {index: place for place, index in enumerate(new, len(self._places))}
        answers = yield SizesRequest(indexes=new)
        budget = self._constraints.storage_budget
        self.sizes |= {
            index: size for index, size in zip(new, answers.sizes, strict=True) if budget is None or size <= budget
        }
        self.too_large.update(index for index in new if index not in self.sizes)
        self.own |= {query: frozenset(index for index in found if index in self.sizes) for query, found in own.items()}
        for query, others in stand_ins(self.own, self._relations).items():
            self.stand_ins.setdefault(query, {}).update(others)
        self._wider.clear()
        return answers

    def take_in_scans(self, indexes: IndexSet) -> frozenset[str]:
        """Let those of these matter to a query as well that hold all that it reads of a table, whatever their keys are.

        Returns the queries of which no plan follows now that followed without a plan having been made.
        """
        self._scanned = {
            query: scanned(indexes, mine, self.stand_ins[query], self._reads[query]) for query, mine in self.own.items()
        }
        for query, found in self._scanned.items():
            self._stood_for[query] = {
                index: self.stand_ins[query].pop(index) for index in found & self.stand_ins[query].keys()
            }
        return frozenset(query for query, found in self._scanned.items() if found)

    def leave_out_scans(self, used: Mapping[str, IndexSet]) -> None:
        """Go back to what was before for those of them that no plan of a query ``used``."""
        for query, found in self._scanned.items():
            self._scanned[query] = found & used.get(query, NOTHING)
            self.stand_ins[query].update(
                {index: other for index, other in self._stood_for[query].items() if index not in self._scanned[query]}
            )

    def relevant(self, query: str, indexes: IndexSet) -> IndexSet:
        """Those that may matter to the query, whichever query they were thought of for."""
        own, others = self.own.get(query, NOTHING), self.stand_ins.get(query, {})
        scans = self._scanned.get(query, NOTHING)
        return frozenset(index for index in indexes if index in own or index in others or index in scans)

    def all_relevant(self, query: str) -> IndexSet:
        """Every candidate that may matter to the query."""
        return self.own.get(query, NOTHING) | (self.stand_ins.get(query, {}).keys() & self.sizes.keys())

    def wider_than(self, index: Index) -> tuple[Index, ...]:
        """The candidates that begin with this one."""
        if index not in self._wider:
            self._wider[index] = tuple(
                each
                for each in self.sizes
                if each.table_name == index.table_name and each != index and starts_with(each, index)
            )
        return self._wider[index]

    def narrower_than(self, index: Index) -> tuple[Index, ...]:
        """The candidates that this one begins with."""
        return tuple(each for each in self.sizes if index in self.wider_than(each))

    def in_order(self, indexes: Iterable[Index]) -> tuple[Index, ...]:
        """In the order of the candidates; without those that are none, or do not fit."""
        return tuple(sorted((index for index in indexes if index in self.sizes), key=self._places.__getitem__))

    def family_no_smaller(self, index: Index, among: IndexSet) -> IndexSet:
        """Those that begin with the same key, but for what is smaller: the planner is to tell what a smaller one does."""
        size = self.sizes.get(index, 0)
        return frozenset(
            each
            for each in among
            if each.table_name == index.table_name
            and each.columns[0] == index.columns[0]
            and self.sizes.get(each, 0) >= size
        )
