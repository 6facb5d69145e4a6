from __future__ import annotations

import re

import pytest

from pgtend.kube.events import _event_name

DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@pytest.mark.parametrize("name", ["a", "a" * 253, "a." * 126 + "a", "a-" * 126 + "a", "bookings-orders-12345678"])
def test_the_name_of_an_event_is_one_that_kubernetes_takes(name: str) -> None:
    digest = "0123456789abcdef0123"
    made = _event_name(name, digest)
    assert len(made) <= 253
    assert DNS_SUBDOMAIN.fullmatch(made)
    assert made.endswith(digest)
    assert name.startswith(made[: -len(digest) - 1])
