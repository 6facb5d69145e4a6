-- What: hide existing indexes from this session's planner.
-- Since: HypoPG 1.4. Privilege: USAGE on the extension's schema.
SELECT {extension_schema}.hypopg_hide_index(hidden.oid::pg_catalog.oid)
FROM pg_catalog.unnest(%(oids)s::pg_catalog.int8[]) AS hidden (oid)
