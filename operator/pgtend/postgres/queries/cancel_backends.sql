-- What: ask backends of the tuner's own role to cancel what they do.
-- Since: 13. Privilege: being the same role.
SELECT pg_cancel_backend(pid) AS cancelled
FROM unnest(%(pids)s::int[]) AS backend (pid)
