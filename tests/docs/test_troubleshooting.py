from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pgtend.domain.verification import Verdict
from tests.docs.documents import REPOSITORY

SOURCE = REPOSITORY / "operator" / "pgtend"
DOCUMENT = REPOSITORY / "docs" / "troubleshooting.md"
REASON = re.compile(r"[A-Z][a-z]+[A-Za-z]*|HypoPG[A-Z][a-z]+")
# The functions that take a reason as one of their positional arguments.
TAKE_A_REASON = re.compile(
    r"_?(fatal|mild|refuse|wait|refused|complain|finding|announce|say_unready|with_condition)|Finding|Decision"
)
NOT_A_REASON = frozenset({"True", "False", "Unknown"})
# Of decisions that proceed; no condition shows it.
NEVER_SHOWN = frozenset[str]()


def words(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and REASON.fullmatch(each.value):
            yield each.value


def reasons_in_source() -> set[str]:
    found = {str(verdict) for verdict in Verdict}
    for path in SOURCE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for keyword in call.keywords:
                if keyword.arg == "reason":
                    found.update(words(keyword.value))
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            if TAKE_A_REASON.fullmatch(name):
                found.update(
                    word for argument in call.args if isinstance(argument, ast.Constant) for word in words(argument)
                )
        if path.name in ("failures.py", "policy_conditions.py"):  # tables of reasons
            found.update(word for node in ast.walk(tree) if isinstance(node, ast.Tuple) for word in words(node))
    return found - NOT_A_REASON - NEVER_SHOWN


def documented_reasons() -> set[str]:
    return set(re.findall(r"^\| (\w+) \|", DOCUMENT.read_text(), re.MULTILINE)) - {"reason", "event"}


def test_every_reason_that_a_condition_can_show_is_explained() -> None:
    events = set(re.findall(r"`(\w+)`", DOCUMENT.read_text().partition("## Events")[2]))
    assert reasons_in_source() - documented_reasons() - events == set()


def test_every_explained_reason_exists_in_the_source() -> None:
    texts = "".join(path.read_text() for path in SOURCE.rglob("*.py"))
    assert {reason for reason in documented_reasons() if f'"{reason}"' not in texts} == set()
