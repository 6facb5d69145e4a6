-- What: show all existing indexes to this session's planner again.
-- Since: HypoPG 1.4. Privilege: USAGE on the extension's schema.
SELECT {extension_schema}.hypopg_unhide_all_indexes()
