"""What the documents tell a reader to run.

A fenced block of the language `bash` is run as it stands. A block `console` shows a command behind `$ ` that cannot be run
from within the tests, because it runs them or has a test of its own. Everything else is for reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

REPOSITORY = Path(__file__).resolve().parents[2]
READ_ONLY = frozenset({"", "text", "yaml", "json", "sql", "python", "toml", "ini"})


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block of a document, with the line that it starts on."""

    line: int
    language: str
    text: str


def documents() -> list[Path]:
    """Every document of the repository."""
    return [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks_of(document: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    tokens = MarkdownIt().parse(document.read_text())
    return [
        Block(line=token.map[0] + 1, language=token.info.strip(), text=token.content)
        for token in tokens
        if token.type == "fence" and token.map is not None
    ]
