"""Documents, tags, prose and names as applications keep them: ``python -m benchmarks.sizes.documents --dsn DSN --rows 10000,100000``.

What is inside of values is made by the laws that such data follow: words and tags by Zipf's, few and many distinct keys and values in
documents of 5 to 20 keys, times that come ever faster. The same at every run.
"""

from __future__ import annotations

import argparse
import json
import random
from bisect import bisect
from collections.abc import Callable, Iterator
from itertools import accumulate

import psycopg
from psycopg import sql

_TABLE = """
    id int NOT NULL, title text, name text, body text, words tsvector, tags text[], labels text[], numbers int[],
    state jsonb, event jsonb, status text, email text, score int, created_at timestamp NOT NULL, paid_at timestamp
"""
_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "zo",
    "kan",
    "mer",
    "lin",
    "tor",
)
_FIRST = (
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Emma",
    "Felix",
    "Grace",
    "Hugo",
    "Ida",
    "Jonas",
    "Kira",
    "Liam",
    "Mia",
    "Noah",
    "Olga",
    "Paul",
)
_LAST = (
    "Smith",
    "Garcia",
    "Mueller",
    "Rossi",
    "Silva",
    "Novak",
    "Jensen",
    "Kowalski",
    "Dubois",
    "Svensson",
    "Okafor",
    "Tanaka",
)
_SECONDS_OF_THREE_YEARS = 3 * 365 * 86_400


def main() -> None:
    """Make one table for each number of rows: documents_10000 and so on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dsn", required=True, help="a superuser's DSN of a scratch database")
    parser.add_argument("--rows", default="10000,100000,1000000")
    arguments = parser.parse_args()
    with psycopg.connect(arguments.dsn, autocommit=True) as connection:
        for rows in map(int, arguments.rows.split(",")):
            fill(connection, f"documents_{rows}", rows)


def fill(connection: psycopg.Connection, table: str, rows: int) -> None:
    """Make the table in the schema public, fill and analyse it."""
    name = sql.Identifier("public", table)
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(name, sql.SQL(_TABLE)))
    names = sql.SQL(", ").join(
        sql.Identifier(part.split()[0]) for part in _TABLE.split(",") if part.split()[0] != "words"
    )
    with connection.cursor().copy(sql.SQL("COPY {} ({}) FROM STDIN").format(name, names)) as copy:
        for row in documents(rows):
            copy.write_row(row)
    connection.execute(sql.SQL("UPDATE {} SET words = to_tsvector('simple', body)").format(name))
    connection.execute(sql.SQL("VACUUM (FULL, ANALYZE) {}").format(name))


def documents(rows: int) -> Iterator[tuple[object, ...]]:
    """The rows, without the words of their body."""
    chance = random.Random(7)
    vocabulary = [_word(number) for number in range(30_000)]
    word, tag, label = _zipf(chance, 30_000, 1.0), _zipf(chance, 200, 1.1), _zipf(chance, 50_000, 0.8)
    country, city, product = _zipf(chance, 40, 1.0), _zipf(chance, 800, 0.9), _zipf(chance, 3_000, 0.7)
    user = _zipf(chance, 50_000, 0.6)
    for number in range(rows):
        person = f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"
        state = {
            "kind": f"kind {int(8 * chance.random() ** 2)}",
            "country": f"C{country()}",
            "active": chance.random() < 0.8,
            "level": chance.randrange(5),
            "size": chance.randrange(100),
        }
        yield (
            number,
            " ".join(vocabulary[word()] for _ in range(chance.randint(3, 8))).capitalize(),
            f"{person} {vocabulary[chance.randrange(20_000)].capitalize()}",
            " ".join(vocabulary[word()] for _ in range(chance.randint(8, 40))),
            [f"tag {tag()}" for _ in range(chance.randint(1, 6))],
            [f"label {label()}" for _ in range(chance.randint(1, 4))],
            [chance.randrange(1_000) for _ in range(chance.randint(1, 8))],
            json.dumps(state),
            json.dumps(_event(chance, number, state, city, product, user)),
            None if chance.random() < 0.6 else chance.choice(("open", "paid", "paid", "late")),
            f"{person.replace(' ', '.')}{number}@example.org",
            None if chance.random() < 0.3 else int(1_000 * chance.random() ** 3),
            _time(_SECONDS_OF_THREE_YEARS * (number / rows) ** 0.5),
            None if chance.random() < 0.5 else _time(_SECONDS_OF_THREE_YEARS * chance.random() ** 2),
        )


def _event(
    chance: random.Random,
    number: int,
    state: dict[str, object],
    city: Callable[[], int],
    product: Callable[[], int],
    user: Callable[[], int],
) -> dict[str, object]:
    event = state | {
        "user_id": user(),
        "currency": chance.choice(("EUR", "EUR", "USD", "GBP")),
        "price": round(10 ** (3 * chance.random()), 2),
        "day": f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "token": f"{chance.getrandbits(64):016x}",
        "address": {"city": f"city {city()}", "zip": f"{chance.randrange(100_000):05}"},
        "items": [f"product {product()}" for _ in range(chance.randint(1, 4))],
    }
    optional = {
        "browser": f"browser {chance.randrange(12)}",
        "session": f"{chance.getrandbits(48):012x}",
        "campaign": f"campaign {chance.randrange(300)}",
        "order": number,
        "notes": "none",
    }
    return event | {key: value for key, value in optional.items() if chance.random() < 0.5}


def _zipf(chance: random.Random, count: int, exponent: float) -> Callable[[], int]:
    """Draws 0 to count - 1, the nth as often as n to the minus exponent."""
    weights = list(accumulate((rank + 1) ** -exponent for rank in range(count)))
    return lambda: bisect(weights, chance.random() * weights[-1])


def _word(number: int) -> str:
    """A word of its own for each number, the short ones first."""
    word = ""
    number += len(_SYLLABLES)
    while number:
        number, syllable = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[syllable]
    return word


def _time(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86_400)
    year, day = divmod(days, 365)
    month, day = divmod(day, 31)
    hour, second = divmod(rest, 3_600)
    return f"{2023 + year}-{month + 1:02}-{min(day, 27) + 1:02} {hour:02}:{second // 60:02}:{second % 60:02}"


if __name__ == "__main__":
    main()
