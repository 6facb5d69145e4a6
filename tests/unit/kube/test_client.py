"""HTTP status → an error with a name."""

from __future__ import annotations

import pytest

from pgtend.domain.finding import (
    AccessDenied,
    ApiUnavailable,
    ListExpired,
    ObjectGone,
    ObjectRefused,
    PgtendError,
    WriteConflict,
)
from pgtend.kube.client import error_of


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ObjectRefused),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, ObjectGone),
        (409, WriteConflict),
        (410, ListExpired),
        (415, ObjectRefused),
        (422, ObjectRefused),
        (429, ApiUnavailable),
        (500, ApiUnavailable),
        (503, ApiUnavailable),
        (504, ApiUnavailable),
    ],
)
def test_a_status_has_an_error_with_a_name(status: int, kind: type[PgtendError]) -> None:
    error = error_of(status, "GET", "/apis/pgtend.dev/v1alpha1/tuningpolicies", "its own words")
    assert type(error) is kind
    assert "GET /apis/pgtend.dev/v1alpha1/tuningpolicies" in str(error)
