-- What: prepared transactions that hold a lock on a table for which an index build on it would wait.
-- Since: 13. Privilege: none.
SELECT extract(epoch FROM now() - min(prepared.prepared))::float8 AS seconds
FROM pg_prepared_xacts AS prepared
JOIN pg_locks AS lock ON lock.virtualtransaction = '-1/' || prepared.transaction::text
WHERE prepared.database = current_database()
  AND lock.locktype = 'relation'
  AND lock.relation = %(table_oid)s::bigint::oid
  AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock')
GROUP BY prepared.transaction
ORDER BY seconds DESC
