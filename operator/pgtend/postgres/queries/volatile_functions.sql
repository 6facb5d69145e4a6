-- What: which of these functions may do something, or answer otherwise, each time they are called.
-- Since: 13. Privilege: none.
SELECT DISTINCT function.proname::text AS name
FROM pg_proc AS function
WHERE function.proname = ANY (%(names)s) AND function.provolatile = 'v'
ORDER BY name
