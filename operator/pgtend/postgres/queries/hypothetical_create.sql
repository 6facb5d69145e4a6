-- What: make hypothetical indexes of this session, in the order given; their OIDs and estimated sizes.
-- Since: HypoPG 1.1. Privilege: USAGE on the extension's schema, SELECT on the tables.
-- Every name is qualified, because the session plans under other roles' search_path.
SELECT made.indexrelid::pg_catalog.int8 AS oid, {extension_schema}.hypopg_relation_size(made.indexrelid) AS bytes
FROM pg_catalog.unnest(%(statements)s::pg_catalog.text[]) WITH ORDINALITY AS wanted (statement, number)
CROSS JOIN LATERAL {extension_schema}.hypopg_create_index(wanted.statement) AS made
ORDER BY wanted.number
