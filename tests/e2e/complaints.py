"""Waiting for what pgtend says about a policy, and for its being well again."""

from __future__ import annotations

from tests.e2e.stage import POLICY, Shop, condition_of

SECONDS = 200.0


def until_said(
    shop: Shop, kind: str, status: str, reason: str, *words: str, name: str = POLICY, event: bool = True
) -> str:
    """Wait until a condition of the policy says this, with these words in it, and an Event the same; returns the sentence."""

    def look() -> str:
        condition = condition_of(shop.policy(name), kind)
        assert (condition["status"], condition["reason"]) == (status, reason)
        assert all(word in condition["message"] for word in words)
        return str(condition["message"])

    message = shop.until(f"{kind}={status} with reason {reason} and {', '.join(words)}", look, SECONDS)
    if event:
        shop.until(
            f"an Event with reason {reason}",
            lambda: any(
                each["reason"] == reason and each["note"] in (message, message[:1024]) for each in shop.events()
            ),
            SECONDS,
        )
    return message


def until_unready(shop: Shop, reason: str, *words: str, name: str = POLICY) -> None:
    """Wait until the policy is not ready, for this reason."""
    until_said(shop, "Ready", "False", reason, *words, name=name)


def until_well(shop: Shop, *kinds: str, name: str = POLICY) -> None:
    """Wait until the policy is ready, and these conditions are True without any complaint."""
    well = {
        "Connected": "Connected",
        "Permitted": "Permitted",
        "WhatIf": "Available",
        "TunerReady": "Ready",
    }

    def look() -> bool:
        policy = shop.policy(name)
        assert condition_of(policy, "Ready")["status"] == "True"
        return all(
            (condition_of(policy, kind)["status"], condition_of(policy, kind)["reason"]) == ("True", well[kind])
            for kind in kinds
        )

    shop.until(f"all is well again ({', '.join(kinds) or 'Ready'})", look, SECONDS)


def until_tuned(shop: Shop, table: str) -> str:
    """Wait until an index on this table is recommended; returns the recommendation's name."""

    def look() -> str:
        names = [
            str(each["metadata"]["name"])
            for each in shop.recommendations()
            if each.get("status", {}).get("proposal", {}).get("index", {}).get("table") == table
            and condition_of(each, "Proposed")["reason"] == "Issued"
        ]
        return names[0]

    return shop.until(f"a recommendation for {table}", look, SECONDS)
