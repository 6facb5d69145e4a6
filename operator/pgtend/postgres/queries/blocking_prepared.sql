-- What: prepared transactions that hold a lock on a table for which an index build on it would wait. Their locks have no
--       process id, and belong together by the virtual transaction that they were prepared in.
-- Since: 13. Privilege: none.
SELECT extract(epoch FROM now() - prepared.prepared)::float8 AS seconds
FROM pg_prepared_xacts AS prepared
WHERE prepared.database = current_database()
  AND EXISTS (
      SELECT FROM pg_locks AS own
      JOIN pg_locks AS lock ON lock.virtualtransaction = own.virtualtransaction AND lock.pid IS NULL
      WHERE own.locktype = 'transactionid'
        AND own.transactionid = prepared.transaction
        AND own.pid IS NULL
        AND lock.locktype = 'relation'
        AND lock.relation = %(table_oid)s::bigint::oid
        AND lock.mode NOT IN ('AccessShareLock', 'RowShareLock')
  )
ORDER BY prepared.prepared
