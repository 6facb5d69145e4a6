-- What: this database's encoding, and the OIDs of those databases whose statements are counted and were written in another encoding,
--       or in none; after them those of dropped databases, of which nobody can tell.
-- Since: pg_stat_statements 1.9 (server 14). Privilege: USAGE on the extension's schema.
SELECT
    pg_encoding_to_char(here.encoding)::text AS encoding,
    array(
        SELECT counted.dbid::bigint
        FROM (SELECT DISTINCT entry.dbid FROM {extension_schema}.pg_stat_statements(false) AS entry) AS counted
        LEFT JOIN pg_database AS database ON database.oid = counted.dbid
        WHERE database.oid IS NULL
           OR database.encoding <> here.encoding
           OR pg_encoding_to_char(database.encoding) = 'SQL_ASCII'
        ORDER BY database.oid NULLS LAST, counted.dbid
    ) AS databases
FROM pg_database AS here
WHERE here.datname = current_database()
