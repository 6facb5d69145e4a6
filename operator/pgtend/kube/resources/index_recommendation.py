"""IndexRecommendation: one index to create, drop or rebuild; what a person decides, and what the operator says and does."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from pgtend.domain.recommendation import ApprovalState, IntentKind
from pgtend.kube.resources.conditions import Condition, Transition
from pgtend.kube.resources.fields import (
    ATOMIC,
    Declared,
    Line,
    ObjectName,
    Observed,
    Paragraph,
    PostgresName,
    Sentence,
    Time,
    Word,
    first,
    last,
    map_list,
    rules,
)
from pgtend.kube.resources.measurement import Judgement, Measurement
from pgtend.kube.resources.proposal import Evidence, Proposal

LONGEST_USER_NAME = 512
LONGEST_NAME = 63
"""What Kubernetes takes as a label's value, and more than any name that pgtend gives."""


class PolicyReference(Declared):
    """A TuningPolicy in the same namespace."""

    name: Annotated[
        ObjectName,
        Field(min_length=1, description="Name of the TuningPolicy."),
    ]


class IndexRecommendationSpec(Declared):
    """A person's part. Every field is optional, so that a manifest that holds the decision alone can be committed to Git."""

    policy_ref: Annotated[
        PolicyReference | None, Field(description="The policy that this belongs to; the operator fills it in.")
    ] = None
    approval: Annotated[
        ApprovalState,
        Field(
            description=(
                "Your decision. Approved lets the operator do what status.proposal says, once. Rejected says no, for good. "
                "To have something tried again, set Pending, then Approved. Changing this takes the permission (verb) approve."
            )
        ),
    ] = ApprovalState.PENDING
    approved_by: Annotated[
        str,
        Field(
            max_length=LONGEST_USER_NAME,
            description="Who changed approval last. An admission policy writes it; nobody writes it by hand.",
        ),
    ] = ""
    approval_generation: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**53,
            description=(
                "The metadata.generation at which approval was changed last. An admission policy writes it; nobody writes it by hand."
            ),
        ),
    ] = None
    comment: Annotated[str, Field(max_length=1000, description="Why you decided so, for those who come after you.")] = (
        ""
    )


class ApprovalRecord(Observed):
    """The decision as the operator took it in."""

    state: Annotated[ApprovalState, Field(description="The decision.")]
    by: Annotated[str, Field(max_length=LONGEST_USER_NAME, description="Who took it, where the cluster can tell.")] = ""
    at: Annotated[Time | None, Field(description="When the operator took it in.")] = None
    comment: Annotated[Sentence, Field(description="The reason that was given.")] = ""
    consumed: Annotated[
        bool, Field(description="Whether it has been used. A used approval starts nothing any more.")
    ] = False
    generation: Annotated[int, Field(description="The metadata.generation that it was taken from.")] = 0


class Intent(Observed):
    """A statement that is about to be run or is running, written down before it begins."""

    kind: Annotated[
        IntentKind,
        Field(description="Build or Remove the index; UndoBuild and UndoRemove take such a change back."),
    ]
    index_name: Annotated[PostgresName, Field(description="Name of the index.")]
    definition: Annotated[
        Paragraph, Field(description="The statement for people to read; it is never executed from here.")
    ]
    at: Annotated[Time, Field(description="When it was written down.")]


class Display(Observed):
    """What kubectl get shows; made from the rest, and read by nobody else."""

    gain: Annotated[Word, Field(description="Estimated share of the helped queries' cost that goes away.")] = ""
    saved: Annotated[Word, Field(description="Estimated execution time saved.")] = ""
    size: Annotated[Word, Field(description="Estimated size of the index.")] = ""
    measured: Annotated[Word, Field(description="Measured change of the helped queries' time; negative is faster.")] = (
        ""
    )
    index: Annotated[Line, Field(description="The keys of the index.")] = ""
    keys: Annotated[Word, Field(description="The keys of the index, cut short.")] = ""
    message: Annotated[Sentence, Field(description="The newest word on it.")] = ""


class IndexRecommendationStatus(Observed):
    """The operator's part."""

    observed_generation: Annotated[
        int, Field(description="The metadata.generation that the operator has looked at.")
    ] = 0
    phase: Annotated[Word, Field(description="Where it stands, in one word made from the conditions.")] = ""
    conditions: Annotated[
        tuple[Condition, ...],
        *first(16),
        Field(
            description=(
                "Proposed, Approved, Applied and Verified, in the order in which they come about; "
                "each with its reason and a sentence. Use kubectl wait --for=condition=Verified."
            ),
            json_schema_extra=map_list("type"),
        ),
    ] = ()
    display: Annotated[Display | None, Field(description="What kubectl get shows.")] = None
    proposal: Annotated[
        Proposal | None,
        Field(
            description="What will be done once it is approved. It was issued by the operator and never becomes something else.",
            json_schema_extra=rules(
                (
                    "self.action == oldSelf.action && self.hash == oldSelf.hash && self.index == oldSelf.index",
                    "a proposal cannot become another one: its action, index and hash stay as they were issued",
                )
            ),
        ),
    ] = None
    evidence: Annotated[
        Evidence | None, Field(description="Why it is proposed, estimated before anything is done.")
    ] = None
    approval: Annotated[ApprovalRecord | None, Field(description="The decision as the operator took it in.")] = None
    intent: Annotated[
        Intent | None, Field(description="The statement that is about to be run or is running; absent otherwise.")
    ] = None
    index_name: Annotated[str, Field(max_length=63, description="Name of the index in Postgres, once it is built.")] = (
        ""
    )
    applied_at: Annotated[Time | None, Field(description="When the change was made.")] = None
    measurement: Annotated[
        Measurement | None, Field(description="The numbers of the measurement, so that a restart loses nothing.")
    ] = None
    judgement: Annotated[Judgement | None, Field(description="What the measurement says so far.")] = None
    transitions: Annotated[
        tuple[Transition, ...],
        *last(20),
        Field(description="What happened, oldest first; the last 20.", json_schema_extra=ATOMIC),
    ] = ()


class IndexRecommendation(Declared):
    """One index that a TuningPolicy's database would gain from (or would rather lose), with the evidence and the outcome.

    status.proposal says what would be done, status.evidence why. Approve it with
    kubectl patch idxrec NAME --type=merge -p '{"spec":{"approval":"Approved"}}'; the operator then makes the change
    without locking anyone out, measures whether it helped, and takes it back if it hurt.
    """

    # On the whole object, so that neither the reference nor the spec can be taken away first and come back as another.
    model_config = ConfigDict(
        json_schema_extra=rules(
            (
                "!has(oldSelf.spec) || !has(oldSelf.spec.policyRef) "
                "|| (has(self.spec) && has(self.spec.policyRef) && self.spec.policyRef == oldSelf.spec.policyRef)",
                "a recommendation stays with its policy: keep spec.policyRef; another policy will make its own recommendations",
            ),
            (
                f"size(self.metadata.name) <= {LONGEST_NAME}",
                f"the name of an IndexRecommendation has at most {LONGEST_NAME} characters",
            ),
        )
    )

    spec: Annotated[IndexRecommendationSpec, Field(description="Your part: the decision. Every field is optional.")] = (
        IndexRecommendationSpec()
    )
    status: Annotated[
        IndexRecommendationStatus | None,
        Field(
            description="The operator's part: the proposal, its evidence, and what became of it.",
            json_schema_extra=rules(
                ("!has(oldSelf.proposal) || has(self.proposal)", "a proposal that was issued stays"),
            ),
        ),
    ] = None
