from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import READ_ONLY, REPOSITORY, blocks_of, documents
from tests.docs.reader import Reader

# What these do is tested by tests/e2e/test_demo.py, and by whoever runs this.
RUN_ELSEWHERE = frozenset({"make demo", "make test"})

LINK = re.compile(r"!?\[[^\]]*\]\(([^)#\s]+)(#[^)\s]*)?\)")


def name_of(document: Path) -> str:
    return str(document.relative_to(REPOSITORY))


def told_to_run(document: Path) -> bool:
    return any(block.language == "bash" for block in blocks_of(document))


@pytest.mark.parametrize("document", [each for each in documents() if told_to_run(each)], ids=name_of)
def test_what_a_document_tells_to_run_works(document: Path, reader: Reader) -> None:
    for block in blocks_of(document):
        if block.language == "bash":
            code, output = reader.run(block.text)
            assert code == 0, f"{name_of(document)}:{block.line} ended with {code}:\n{block.text}\n{output}"


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_block_says_whether_it_is_run(document: Path) -> None:
    for block in blocks_of(document):
        if block.language == "console":
            commands = {line.removeprefix("$ ") for line in block.text.splitlines()}
            assert commands <= RUN_ELSEWHERE, f"{name_of(document)}:{block.line}: write it as a bash block"
        else:
            assert block.language in READ_ONLY | {"bash"}, f"{name_of(document)}:{block.line}: {block.language!r}"


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    for target, _ in LINK.findall(document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{name_of(document)} links to {target}"
