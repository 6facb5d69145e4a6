"""TuningPolicy, the declared half: one database and how it may be tuned."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, WithJsonSchema

from pgtend.domain.policy import Aggressiveness, FreezeRollback, Mode, RunningBuild, WhatIfSource
from pgtend.kube.resources.fields import (
    DNS_LABEL,
    DURATION_LENGTH,
    GO_DURATION,
    Declared,
    ObjectName,
    duration_between,
    map_list,
    rules,
)
from pgtend.kube.resources.tuning_policy_status import TuningPolicyStatus
from pgtend.kube.resources.windows import FreezeWindow

LONGEST_NAME = 40
# A quantity without an exponent: reading "1e999999999" as a number takes the API server, and Python, minutes.
STORAGE = "^[0-9]{1,15}([.][0-9]{1,3})?(k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?$"


class SecretReference(Declared):
    """A Secret in the same namespace."""

    name: Annotated[
        ObjectName,
        Field(
            min_length=1,
            description="Name of the Secret.",
            json_schema_extra=rules(
                (
                    "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
                    "the name of a Secret consists of lower-case letters, digits, dashes and dots",
                )
            ),
        ),
    ]


class Credentials(Declared):
    """How to log in to the database."""

    secret_ref: Annotated[
        SecretReference,
        Field(
            description=(
                "A Secret with either the key uri, or the keys host, port, dbname, username (or user) and password, and optionally "
                "sslmode and ca.crt. The operator can read it only where a Role allows that: see deploy/access."
            )
        ),
    ]


class Target(Declared):
    """The database."""

    observer: Annotated[
        Credentials,
        Field(description="The role that reads statistics and plans. `pgtend grants` prints the SQL that makes it."),
    ]
    tuner: Annotated[
        Credentials | None,
        Field(
            description=(
                "The role that changes indexes. Optional: without it pgtend is unable to change anything, whatever the mode says."
            )
        ),
    ] = None


class WhatIf(Declared):
    """Hypothetical planning."""

    source: Annotated[
        WhatIfSource,
        Field(
            description=(
                "Primary: ask the planner of this database what it would do with an index that is not there (needs the extension hypopg). "
                "Disabled: advise by rules and statistics alone."
            )
        ),
    ] = WhatIfSource.PRIMARY
    sample_constants: Annotated[
        bool,
        Field(
            description=(
                "true: at every look the statements that sessions run are read from pg_stat_activity with their constants, so that they are "
                "planned as they run. A few texts of each statement are kept in the operator's memory and nowhere else. An index may name a "
                "jsonb key of them, and a value that pg_stats lists as common in a column of at most 20 values. false: constants come from "
                "pg_stats."
            )
        ),
    ] = False


class Freeze(Declared):
    """What a freeze window does to work that is under way."""

    running_build: Annotated[
        RunningBuild,
        Field(
            description="Cancel: a build that runs when a freeze begins is ended and its remains are removed. Finish: it may finish."
        ),
    ] = RunningBuild.CANCEL
    rollback: Annotated[
        FreezeRollback,
        Field(
            description="Defer: a change that hurts is taken back after the freeze, and an alert says so. Allow: it is taken back at once."
        ),
    ] = FreezeRollback.DEFER


Quantity = Annotated[
    int | str,
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 32}),
]


class Budgets(Declared):
    """Upper limits."""

    max_indexes_per_table: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description="No index is created on a table that has this many: one that is to be dropped counts until it is gone.",
        ),
    ] = 10
    index_storage: Annotated[
        Quantity | None,
        Field(
            description=(
                "Storage that pgtend's indexes may take in all, less what its drops gave back: 20Gi, 500M or a number of bytes. "
                "When absent there is no limit."
            ),
            json_schema_extra=rules(
                (
                    f"type(self) == int ? self >= 0 : (self.matches('{STORAGE}') && isQuantity(self) "
                    "&& !quantity(self).isGreaterThan(quantity('1Ei')))",
                    "must be a quantity of at least 0, like 20Gi, 500M or a number of bytes",
                )
            ),
        ),
    ] = None
    max_concurrent_builds: Annotated[
        int, Field(ge=1, le=10, description="Indexes that may be built at the same time.")
    ] = 1
    max_changes_per_day: Annotated[
        int, Field(ge=0, le=1000, description="Changes that may be begun within 24 hours, rollbacks not counted.")
    ] = 10


class Verification(Declared):
    """When a measurement speaks."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"!self.minDuration.matches('{GO_DURATION}') || !self.maxDuration.matches('{GO_DURATION}') "
                "|| duration(self.minDuration) <= duration(self.maxDuration)",
                "minDuration must not be longer than maxDuration",
            )
        )
    )

    min_duration: Annotated[
        str,
        Field(
            max_length=DURATION_LENGTH,
            description="A verdict is given after this time at the earliest; from 1m to 168h.",
            json_schema_extra=duration_between("1m", "168h"),
        ),
    ] = "30m"
    max_duration: Annotated[
        str,
        Field(
            max_length=DURATION_LENGTH,
            description="After this time without a clear answer the verdict is Inconclusive; from 1m to 720h.",
            json_schema_extra=duration_between("1m", "720h"),
        ),
    ] = "72h"
    improvement_percent: Annotated[
        int,
        Field(
            ge=1,
            le=99,
            description="The helped queries must get faster by at least this much to count as improved; what promises less is not proposed.",
        ),
    ] = 10
    regression_percent: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="A statement that matters and gets slower by at least this much makes the change be taken back. "
            "It matters when it should gain from the index, or when it has, or adds, 5 % of the time that the statements on the "
            "table took before; of a dropped index every statement on the table matters.",
        ),
    ] = 10
    significance: Annotated[
        str,
        Field(
            max_length=10,
            description="Largest probability of being wrong with which a verdict is given, as a decimal fraction. "
            "Since it is asked for again after every slice, a single look needs a smaller p: the message says which.",
            json_schema_extra=rules(
                (
                    "self.matches('^0[.][0-9]{1,6}$') && double(self) > 0.0 && double(self) <= 0.2",
                    'must be a decimal fraction above 0 and at most 0.2, in quotes: "0.01"',
                )
            ),
        ),
    ] = "0.01"


class TuningPolicySpec(Declared):
    """What may be done to one database, and when."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"!self.collectInterval.matches('{GO_DURATION}') || !self.tuneInterval.matches('{GO_DURATION}') "
                "|| duration(self.collectInterval) <= duration(self.tuneInterval)",
                "tuneInterval must not be shorter than collectInterval",
            )
        )
    )

    database: Annotated[Target, Field(description="The database, and the roles to work as.")]
    suspend: Annotated[
        bool,
        Field(
            description="true: nothing new is started. A running build finishes, measuring goes on, and a rollback that is due waits."
        ),
    ] = False
    mode: Annotated[
        Mode,
        Field(
            description=(
                "Who approves. Observe: nobody, pgtend reports in this object's status only. Recommend: IndexRecommendations appear, and a "
                "person approves each. Auto: pgtend also approves what aggressiveness lets it; the rest waits for a person."
            )
        ),
    ] = Mode.RECOMMEND
    aggressiveness: Annotated[
        Aggressiveness,
        Field(
            description=(
                "How much mode Auto may approve by itself: plain B-tree indexes that a plan has confirmed; Conservative leaves "
                "those whose risk is High to a person."
            )
        ),
    ] = Aggressiveness.CONSERVATIVE
    collect_interval: Annotated[
        str,
        Field(
            max_length=DURATION_LENGTH,
            description="How often the database's statistics are read; from 5s to 1h.",
            json_schema_extra=duration_between("5s", "1h"),
        ),
    ] = "60s"
    tune_interval: Annotated[
        str,
        Field(
            max_length=DURATION_LENGTH,
            description="How often advice is looked for; from 5s to 24h. The first advice comes as soon as there is evidence.",
            json_schema_extra=duration_between("5s", "24h"),
        ),
    ] = "15m"
    what_if: Annotated[WhatIf, Field(description="Where indexes are tried out on paper.")] = WhatIf()
    freeze_windows: Annotated[
        tuple[FreezeWindow, ...],
        Field(
            max_length=50,
            description="Times in which nothing is changed, whatever else is allowed.",
            json_schema_extra=map_list("name"),
        ),
    ] = ()
    freeze: Annotated[Freeze, Field(description="What a freeze window does to work that is under way.")] = Freeze()
    budgets: Annotated[Budgets, Field(description="Upper limits of what pgtend may do to this database.")] = Budgets()
    verification: Annotated[
        Verification, Field(description="When a measured effect counts, and how long is waited for it.")
    ] = Verification()


class TuningPolicy(Declared):
    """One Postgres database and how pgtend may tune it.

    pgtend watches what the database really does, finds indexes that would help, lets people (or this policy) decide,
    builds them without locking anyone out, measures whether they helped, and takes back what did not. Nothing is changed
    in a database without a tuner role and an approval. Deleting a policy removes its recommendations and leaves all indexes.
    """

    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                f"size(self.metadata.name) <= {LONGEST_NAME} && self.metadata.name.matches('{DNS_LABEL}')",
                f"the name of a TuningPolicy has at most {LONGEST_NAME} characters (lower-case letters, digits and dashes), "
                "because the names of its recommendations begin with it",
            )
        )
    )

    spec: Annotated[TuningPolicySpec, Field(description="What may be done to one database, and when.")]
    status: Annotated[TuningPolicyStatus | None, Field(description="What the operator sees, does and waits for.")] = (
        None
    )
