-- What: what is inside of the values of the given columns, counted on the values that pg_stats lists of them (histogram bounds, a
--       sample of up to a hundred; where most common values stand for most rows, these). Only counts leave the server: of how many
--       parts there are that so many of the listed values have, how wide they are, and how many such parts there could be.
--       ``what`` says what to count: the fields of documents, the pieces of three letters or the words of texts, the elements of arrays.
-- Since: 13. Privilege: SELECT on a table for its statistics.
WITH RECURSIVE wanted AS (
    SELECT *
    FROM unnest(%(schemas)s::text[], %(tables)s::text[], %(columns)s::text[], %(whats)s::text[])
        WITH ORDINALITY AS wanted (schema_name, table_name, column_name, what, number)
),
listed AS (
    SELECT
        wanted.number,
        wanted.what,
        CASE
            WHEN stats.histogram_bounds IS NULL
                OR (SELECT sum(share) FROM unnest(stats.most_common_freqs) AS share) > 0.5 * (1 - stats.null_frac)
            THEN stats.most_common_vals::text::text[]
            ELSE stats.histogram_bounds::text::text[]
        END AS texts,
        stats.histogram_bounds IS NULL AS complete
    FROM wanted
    JOIN pg_stats AS stats
        ON stats.schemaname = wanted.schema_name
       AND stats.tablename = wanted.table_name
       AND stats.attname = wanted.column_name
),
sampled AS (
    SELECT listed.number, listed.what, listed.complete, value.text, value.place
    FROM listed
    CROSS JOIN LATERAL unnest(listed.texts) WITH ORDINALITY AS value (text, place)
    WHERE mod(value.place - 1, 1 + (cardinality(listed.texts) - 1) / 101) = 0
),
-- Documents are taken apart: each field, each element, and what is in them.
nodes AS (
    SELECT number, place, ''::text AS path, text::jsonb AS value, NULL::text AS field
    FROM sampled
    WHERE what = 'document'
    UNION ALL
    SELECT nodes.number, nodes.place, nodes.path || '/' || COALESCE(child.field, ''), child.value, child.field
    FROM nodes
    CROSS JOIN LATERAL (
        SELECT each.key AS field, each.value
        FROM jsonb_each(CASE jsonb_typeof(nodes.value) WHEN 'object' THEN nodes.value ELSE jsonb_build_object() END) AS each
        UNION ALL
        SELECT NULL, element.value
        FROM jsonb_array_elements(CASE jsonb_typeof(nodes.value) WHEN 'array' THEN nodes.value ELSE '[]' END) AS element (value)
    ) AS child
),
parts AS (
    SELECT number, place, '' AS path, field AS part, false AS numeric FROM nodes WHERE field IS NOT NULL
    UNION ALL
    SELECT number, place, path, value #>> ARRAY[]::text[], jsonb_typeof(value) = 'number'
    FROM nodes
    WHERE jsonb_typeof(value) NOT IN ('object', 'array')
    UNION ALL
    SELECT sampled.number, sampled.place, '/', substr('  ' || word.found[1] || ' ', letter, 3), false
    FROM sampled
    CROSS JOIN LATERAL regexp_matches(lower(sampled.text), '[[:alnum:]]+', 'g') AS word (found)
    CROSS JOIN LATERAL generate_series(1, length(word.found[1]) + 1) AS letter
    WHERE sampled.what = 'pieces'
    UNION ALL
    SELECT sampled.number, sampled.place, '/', word.found[1], false
    FROM sampled
    CROSS JOIN LATERAL regexp_matches(lower(sampled.text), '[[:alnum:]]+', 'g') AS word (found)
    WHERE sampled.what = 'words'
    UNION ALL
    SELECT sampled.number, sampled.place, '/', element, false
    FROM sampled
    CROSS JOIN LATERAL unnest(sampled.text::text[]) AS element
    WHERE sampled.what = 'elements'
),
counted AS (
    SELECT
        number, path, part, count(DISTINCT place) AS times, bool_and(numeric) AS numeric,
        octet_length(part) AS width, regexp_replace(part, '[0-9]', '9', 'g') AS shape
    FROM parts
    WHERE part IS NOT NULL
    GROUP BY number, path, part
),
shaped AS (
    SELECT number, path, count(*) AS shapes, sum(10.0 ^ least(length(shape) - length(replace(shape, '9', '')), 18)) AS possible
    FROM (SELECT DISTINCT number, path, shape FROM counted) AS shapes
    GROUP BY number, path
),
grouped AS (
    SELECT
        counted.number, counted.path,
        sum(counted.width * counted.times)::float8 / sum(counted.times) AS width,
        bool_and(counted.numeric) AS numeric,
        count(*) AS parts,
        CASE WHEN bool_and(counted.numeric) THEN
            (max(CASE WHEN counted.numeric THEN counted.part::numeric END) - min(CASE WHEN counted.numeric THEN counted.part::numeric END))
                * 10.0 ^ least(max(CASE WHEN counted.numeric THEN scale(counted.part::numeric) END), 18) + 1
        END AS possible
    FROM counted
    GROUP BY counted.number, counted.path
)
SELECT
    wanted.schema_name, wanted.table_name, wanted.column_name, wanted.what,
    (SELECT count(*) FROM sampled WHERE sampled.number = wanted.number) AS values,
    (SELECT avg(octet_length(sampled.text))::float8 FROM sampled WHERE sampled.number = wanted.number) AS value_width,
    (SELECT bool_and(listed.complete) FROM listed WHERE listed.number = wanted.number) AS complete,
    grouped.path, grouped.width,
    least(grouped.possible, CASE WHEN shaped.shapes * 5 <= grouped.parts THEN shaped.possible END)::float8 AS possible,
    spread.times, spread.parts
FROM wanted
JOIN grouped ON grouped.number = wanted.number
JOIN shaped ON shaped.number = grouped.number AND shaped.path = grouped.path
CROSS JOIN LATERAL (
    SELECT array_agg(each.times ORDER BY each.times) AS times, array_agg(each.parts ORDER BY each.times) AS parts
    FROM (
        SELECT counted.times, count(*) AS parts
        FROM counted
        WHERE counted.number = grouped.number AND counted.path = grouped.path
        GROUP BY counted.times
    ) AS each
) AS spread
ORDER BY wanted.number, grouped.path
