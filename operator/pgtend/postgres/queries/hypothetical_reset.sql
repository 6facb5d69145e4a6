-- What: forget all hypothetical indexes of this session; their OIDs are used again.
-- Since: HypoPG 1.0. Privilege: USAGE on the extension's schema.
SELECT {extension_schema}.hypopg_reset()
