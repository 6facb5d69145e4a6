"""What a recommendation proposes, as it stands in its status: the index in typed form, and the evidence."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SerializationInfo, SerializerFunctionWrapHandler, model_serializer

from pgtend.domain.index import AccessMethod, ComparisonOperator, NullsOrder, SortOrder
from pgtend.domain.recommendation import Action, Risk
from pgtend.kube.resources.fields import ATOMIC, Line, Observed, PostgresName, Sentence, Word, first

Value = Annotated[str, Field(max_length=1000)]
TypeName = Annotated[str, Field(max_length=200)]


class Constant(Observed):
    """A typed constant."""

    type: Annotated[TypeName, Field(description="The Postgres type of the constant, as format_type() writes it.")]
    value: Annotated[Value, Field(description="The constant in the text syntax of its type, without quotes.")]


class _Value(Observed):
    """A column, or a typed constant (type and value together)."""

    column: Annotated[PostgresName | None, Field(description="A column of the table.")] = None
    type: Annotated[TypeName | None, Field(description="The Postgres type of a constant.")] = None
    value: Annotated[Value | None, Field(description="A constant in the text syntax of its type.")] = None


Function = Annotated[PostgresName | None, Field(description="A function, from pgtend's list of immutable built-ins.")]
# Not an enum of the schema, for the same reason as the operator of a comparison.
Operator = Annotated[Word | None, Field(description="An operator between two arguments: -> or ->>.")]
CastTo = Annotated[TypeName | None, Field(description="A Postgres type that the one argument is cast to.")]


class _InnerArgument(_Value):
    """A column, a typed constant, or a call whose arguments are columns and constants."""

    function: Function = None
    operator: Operator = None
    cast_to: CastTo = None
    arguments: Annotated[
        tuple[_Value, ...], Field(max_length=16, description="What it is made of, in order.", json_schema_extra=ATOMIC)
    ] = ()


class _Argument(_Value):
    """A column, a typed constant, or a call within the call."""

    function: Function = None
    operator: Operator = None
    cast_to: CastTo = None
    arguments: Annotated[
        tuple[_InnerArgument, ...],
        Field(max_length=16, description="What it is made of, in order.", json_schema_extra=ATOMIC),
    ] = ()


class Expression(Observed):
    """An immutable built-in function, operator or cast over columns and constants: exactly one of the three."""

    function: Function = None
    operator: Operator = None
    cast_to: CastTo = None
    arguments: Annotated[
        tuple[_Argument, ...],
        Field(max_length=16, description="What it is made of, in order.", json_schema_extra=ATOMIC),
    ]


class IndexColumn(Observed):
    """One key of the index: either a column or an expression."""

    column: Annotated[PostgresName | None, Field(description="The column's name, unquoted.")] = None
    expression: Annotated[Expression | None, Field(description="What is indexed in place of a plain column.")] = None
    order: Annotated[SortOrder, Field(description="Sort order of this key.")]
    nulls: Annotated[
        NullsOrder | None,
        Field(description="Where nulls sort; when absent, the order's default (last for Asc, first for Desc)."),
    ] = None
    opclass: Annotated[
        Value | None, Field(description="Operator class; when absent, the default of the column's type.")
    ] = None
    collation: Annotated[Value | None, Field(description="Collation; when absent, the column's own.")] = None


class Comparison(Observed):
    """One condition on a column."""

    column: Annotated[PostgresName, Field(description="The column that is compared.")]
    # Not an enum of the schema: kustomize writes a lone = without quotes, which YAML 1.1 readers such as PyYAML refuse.
    operator: Annotated[Word, Field(description=f"How it is compared: {', '.join(ComparisonOperator)}.")]
    constant: Annotated[
        Constant | None, Field(description="What it is compared with; absent for the operators that begin with Is.")
    ] = None


class Index(Observed):
    """An index, as typed fields from which the statement is built. No SQL text is ever executed."""

    schema_: Annotated[PostgresName, Field(alias="schema", description="The schema of the table and of its index.")]
    table: Annotated[PostgresName, Field(description="The table, unquoted.")]
    name: Annotated[
        PostgresName | None, Field(description="Name of the index. For Drop and Rebuild it names the index meant.")
    ] = None
    method: Annotated[AccessMethod, Field(description="The access method.")]
    columns: Annotated[
        tuple[IndexColumn, ...],
        Field(max_length=32, description="The keys, in order; order matters.", json_schema_extra=ATOMIC),
    ]
    include: Annotated[
        tuple[PostgresName, ...],
        Field(
            max_length=32,
            description="Columns that are stored beside the keys, so that the table need not be read.",
            json_schema_extra=ATOMIC,
        ),
    ] = ()
    predicate: Annotated[
        tuple[Comparison, ...],
        Field(
            max_length=16,
            description="The index holds only rows for which all of these are true.",
            json_schema_extra=ATOMIC,
        ),
    ] = ()
    unique: Annotated[bool, Field(description="Whether the index forbids equal keys.")] = False

    @model_serializer(mode="wrap")
    def _name_the_schema(self, render: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:
        # pydantic keeps the name `schema` for itself; the domain's values are made from a dump by name.
        content: dict[str, Any] = render(self)
        if not info.by_alias:
            content["schema"] = content.pop("schema_")
        return content


class DatabaseIdentity(Observed):
    """The one database that the proposal is for."""

    system_identifier: Annotated[Word, Field(description="The server's identity, from pg_control_system().")]
    oid: Annotated[int, Field(description="The database's OID on that server.")]
    name: Annotated[PostgresName, Field(description="The database's name.")]
    server_version: Annotated[int, Field(description="server_version_num at the time of the proposal, 150020 say.")]
    standby: Annotated[bool, Field(description="Whether the server was a standby.")] = False


class Bounds(Observed):
    """The price that an approver agrees to."""

    size_bytes: Annotated[int, Field(description="Estimated size of the index in bytes.")]
    write_cost: Annotated[
        float, Field(description="Estimated cost of keeping the index up to date, in planner cost units an hour.")
    ]


class Proposal(Observed):
    """What will be done once it is approved."""

    action: Annotated[Action, Field(description="Create, Drop or Rebuild the index.")]
    index: Annotated[
        Index,
        Field(
            description="The index, in typed fields from which the statement is built. No SQL text is ever executed."
        ),
    ]
    hash: Annotated[
        str,
        Field(
            max_length=64,
            description="sha256 over the action and the index in a versioned canonical form. The object's name ends with its first eight digits.",
        ),
    ]
    database: Annotated[DatabaseIdentity, Field(description="The database that it is for; it is done nowhere else.")]
    bounds: Annotated[
        Bounds,
        Field(description="What the approver saw. Where the price has doubled since, a new approval is asked for."),
    ]


class HelpedQuery(Observed):
    """A query that would gain."""

    fingerprint: Annotated[Word, Field(description="The query's identity, which outlives restarts.")]
    text: Annotated[Line, Field(description="The query without its constants and comments, cut at 200 characters.")]
    calls_per_hour: Annotated[float, Field(description="How often it ran, an hour.")]
    mean_ms: Annotated[float, Field(description="How long one call took on average, in milliseconds.")]
    cost_before: Annotated[
        float, Field(description="The planner's cost of one call with all that is advised but this change.")
    ]
    cost_after: Annotated[float, Field(description="The planner's cost of one call with all that is advised.")]
    plan_change: Annotated[Line, Field(description="How the plan would change.")] = ""


class Alternative(Observed):
    """Another index for the same queries that was not chosen."""

    keys: Annotated[Line, Field(description="Its keys, and what it includes.")]
    cost_after: Annotated[
        float, Field(description="Estimated cost of the helped queries, an hour, with it in place of the proposed one.")
    ]
    size_bytes: Annotated[int, Field(description="Its estimated size in bytes.")]


class Evidence(Observed):
    """Why the change is proposed: estimates, before anything is done."""

    validated: Annotated[
        bool,
        Field(
            description="Whether the planner itself chose the index in a what-if plan. Without that it is a rule of thumb."
        ),
    ]
    cost_before: Annotated[
        float,
        Field(
            description=(
                "Estimated cost of the helped queries, an hour, with all that is advised but this change; where indexes help "
                "a query only together, this one's share of what they save."
            )
        ),
    ]
    cost_after: Annotated[
        float, Field(description="Estimated cost of the helped queries, an hour, with all that is advised.")
    ]
    saved_seconds_per_hour: Annotated[
        float,
        Field(
            description="Estimated execution time, in seconds an hour, that this change saves beside the others that are advised."
        ),
    ]
    size_bytes: Annotated[int, Field(description="Estimated size of the index in bytes.")]
    write_cost: Annotated[
        float, Field(description="Estimated cost of keeping the index up to date, in planner cost units an hour.")
    ]
    queries: Annotated[
        tuple[HelpedQuery, ...],
        *first(20),
        Field(description="The queries that gain, those that gain most first.", json_schema_extra=ATOMIC),
    ]
    more_queries: Annotated[int, Field(description="How many gain besides those listed.")] = 0
    reason: Annotated[Sentence, Field(description="The case for it in a sentence.")] = ""
    risk: Annotated[
        Risk | None,
        Field(
            description=(
                "Low, Medium or High: how likely it is that something gets slower although the estimates say faster. "
                "In mode Auto the aggressiveness Conservative leaves High to a person."
            )
        ),
    ] = None
    risk_reason: Annotated[Sentence, Field(description="Why the risk is not lower, in a sentence.")] = ""
    priority: Annotated[
        float,
        Field(
            description="Estimated seconds an hour that it saves net of the index's upkeep: the most useful is the highest."
        ),
    ] = 0.0
    alternatives: Annotated[
        tuple[Alternative, ...],
        *first(3),
        Field(description="The next best indexes for the same queries, the best first.", json_schema_extra=ATOMIC),
    ] = ()
    makes_redundant: Annotated[
        tuple[PostgresName, ...],
        *first(10),
        Field(description="Existing indexes that it could replace, by name.", json_schema_extra=ATOMIC),
    ] = ()
