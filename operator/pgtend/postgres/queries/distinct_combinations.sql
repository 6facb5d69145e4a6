-- What: how many distinct combinations several columns have, where CREATE STATISTICS (ndistinct) was told to count them.
--       pg_ndistinct is written as a JSON object of "1, 2": 33178 (attribute numbers, and the count); expressions have negative numbers.
-- Since: 14. Privilege: being the table's owner; older minor releases ask for SELECT on its columns. Others see no rows.
SELECT
    class.oid::bigint AS table_oid,
    (
        SELECT array_agg(attribute.attname::text ORDER BY attribute.attnum)
        FROM pg_attribute AS attribute
        WHERE attribute.attrelid = class.oid
          AND attribute.attnum = ANY (string_to_array(combination.key, ', ')::smallint[])
    ) AS columns,
    combination.value::float8 AS n_distinct
FROM pg_stats_ext AS stats
JOIN pg_namespace AS namespace ON namespace.nspname = stats.schemaname
JOIN pg_class AS class ON class.relnamespace = namespace.oid AND class.relname = stats.tablename
CROSS JOIN LATERAL jsonb_each_text(stats.n_distinct::text::jsonb) AS combination
WHERE class.relkind IN ('r', 'p', 'f', 'm')
  AND namespace.nspname !~ '^pg_'
  AND namespace.nspname <> 'information_schema'
  AND combination.key !~ '-'
  AND COALESCE((to_jsonb(stats) ->> 'inherited')::bool, class.relkind = 'p') = (class.relkind = 'p')
ORDER BY class.oid, stats.statistics_name, combination.key
