"""The sample policy, and what a demo in a hurry changes in it: values that the definition allows, nothing else."""

from __future__ import annotations

from typing import Any

import yaml

from demo.cluster import DEPLOY
from demo.failure import DemoFailed

SAMPLE = DEPLOY / "samples" / "marketplace"

HURRY: dict[str, Any] = {
    "collectInterval": "5s",
    "tuneInterval": "30s",
    "verification": {"minDuration": "1m", "maxDuration": "10m"},
}
# A stranger may run the demo on a Saturday, or while a launch is frozen.
LEFT_OUT = ("freezeWindows",)


def read_sample() -> dict[str, Any]:
    """The TuningPolicy of the sample as it is shipped."""
    for path in sorted(SAMPLE.glob("*.yaml")):
        for content in yaml.safe_load_all(path.read_text()):
            if content and content.get("kind") == "TuningPolicy":
                policy: dict[str, Any] = content
                return policy
    raise DemoFailed(f"No TuningPolicy in {SAMPLE}.")


def in_a_hurry(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy with short intervals and without its freeze windows."""
    spec = {name: value for name, value in policy["spec"].items() if name not in LEFT_OUT}
    for name, value in HURRY.items():
        spec[name] = {**spec.get(name, {}), **value} if isinstance(value, dict) else value
    return {**policy, "spec": spec}
