-- What: code of this database's own users that planning a statement may run: functions and operators by name, and
--       relations (views, tables with policies) whose expansion calls them. Extensions' and the system's are left out.
-- Since: 13. Privilege: none.
WITH RECURSIVE code AS (
    SELECT 'pg_proc'::regclass AS class, function.oid, namespace.nspname::text AS schema_name, function.proname::text AS name
    FROM pg_proc AS function
    JOIN pg_namespace AS namespace ON namespace.oid = function.pronamespace
    UNION ALL
    SELECT 'pg_operator'::regclass, operator.oid, namespace.nspname::text, operator.oprname::text
    FROM pg_operator AS operator
    JOIN pg_namespace AS namespace ON namespace.oid = operator.oprnamespace
),
user_code AS (
    SELECT code.* FROM code
    WHERE code.schema_name NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (
          SELECT FROM pg_depend AS depend
          WHERE depend.classid = code.class AND depend.objid = code.oid AND depend.deptype = 'e'
      )
),
rule AS (
    SELECT 'pg_rewrite'::regclass AS class, rewrite.oid, rewrite.ev_class AS relation FROM pg_rewrite AS rewrite
    UNION ALL
    SELECT 'pg_policy'::regclass, policy.oid, policy.polrelid FROM pg_policy AS policy
),
running AS (
    SELECT rule.relation
    FROM rule
    JOIN pg_depend AS depend ON depend.classid = rule.class AND depend.objid = rule.oid
    JOIN user_code ON user_code.class = depend.refclassid AND user_code.oid = depend.refobjid
    UNION
    SELECT rule.relation
    FROM running
    JOIN pg_depend AS depend ON depend.refclassid = 'pg_class'::regclass AND depend.refobjid = running.relation
    JOIN rule ON rule.class = depend.classid AND rule.oid = depend.objid
)
SELECT CASE WHEN user_code.class = 'pg_proc'::regclass THEN 'function' ELSE 'operator' END AS kind, schema_name, name
FROM user_code
UNION
SELECT 'relation', namespace.nspname::text, class.relname::text
FROM running
JOIN pg_class AS class ON class.oid = running.relation
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
