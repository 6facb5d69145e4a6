from __future__ import annotations

import pytest

from pgtend.commands.sizes import parse_size, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("500MB", 500_000_000),
        ("500 mb", 500_000_000),
        ("500M", 500_000_000),
        ("500Mi", 500 * 2**20),
        ("500MiB", 500 * 2**20),
        ("1.5GB", 1_500_000_000),
        ("20Gi", 20 * 2**30),
        ("1T", 10**12),
        ("8192", 8192),
        ("0", 0),
        ("10 B", 10),
        ("64kB", 64_000),
        ("64Ki", 65_536),
    ],
)
def test_sizes_are_read_as_people_write_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "-5MB", "5 apples", "5PB", "1e9", "5 M B", "٥MB"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 500MB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["9" * 400, "10000000TB"])
def test_more_than_a_server_can_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="more bytes than a server can hold"):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (64_000, "64.0 kB"), (-2_700_000, "-2.7 MB"), (3 * 10**9, "3.0 GB")]
)
def test_sizes_are_shown_in_powers_of_ten(size: int, text: str) -> None:
    assert show_size(size) == text
