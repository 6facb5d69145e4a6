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
),
-- What each relation expands to when it is planned, through views on views: nothing is known of system views (no text).
reached AS (
    SELECT class.oid AS relation, class.oid AS part
    FROM pg_class AS class
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f') AND namespace.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    UNION
    SELECT reached.relation, depend.refobjid
    FROM reached
    JOIN rule ON rule.relation = reached.part
    JOIN pg_depend AS depend
      ON depend.classid = rule.class AND depend.objid = rule.oid AND depend.refclassid = 'pg_class'::regclass
),
definition AS (
    SELECT class.oid AS part,
           CASE WHEN namespace.nspname NOT IN ('pg_catalog', 'information_schema') THEN rtrim(pg_get_viewdef(class.oid), ';') END AS text
    FROM pg_class AS class
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind = 'v'
    UNION ALL
    SELECT policy.polrelid, each.text
    FROM pg_policy AS policy,
         LATERAL (VALUES (pg_get_expr(policy.polqual, policy.polrelid))) AS each (text)
    WHERE policy.polqual IS NOT NULL
    UNION ALL
    SELECT con.conrelid, pg_get_expr(con.conbin, con.conrelid)
    FROM pg_constraint AS con WHERE con.contype = 'c' AND con.conrelid <> 0
    UNION ALL
    SELECT ind.indrelid, concat(pg_get_expr(ind.indexprs, ind.indrelid), ' ', pg_get_expr(ind.indpred, ind.indrelid))
    FROM pg_index AS ind WHERE ind.indexprs IS NOT NULL OR ind.indpred IS NOT NULL
    UNION ALL
    SELECT attrdef.adrelid, pg_get_expr(attrdef.adbin, attrdef.adrelid)
    FROM pg_attrdef AS attrdef
    JOIN pg_attribute AS attribute ON attribute.attrelid = attrdef.adrelid AND attribute.attnum = attrdef.adnum
    WHERE attribute.attgenerated <> ''
)
SELECT CASE WHEN user_code.class = 'pg_proc'::regclass THEN 'function' ELSE 'operator' END AS kind, schema_name, name, NULL AS text
FROM user_code
UNION
SELECT 'relation', namespace.nspname::text, class.relname::text, NULL
FROM running
JOIN pg_class AS class ON class.oid = running.relation
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
UNION
SELECT 'definition', namespace.nspname::text, class.relname::text, definition.text
FROM reached
JOIN definition ON definition.part = reached.part
JOIN pg_class AS class ON class.oid = reached.relation
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
