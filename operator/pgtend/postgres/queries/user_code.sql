-- What: code of this database's own users that planning a statement may run, as facts to be put together: functions and
--       operators by name; relations with what they are expanded to and what that needs; types with what they are made of.
--       The server's own objects are left out (their OIDs are below 16384), and so is what came with an extension. The owner
--       of an extension may add anything to it: what came with it still belongs to a superuser, or is written in C.
--       Printing what a relation is expanded to waits for exclusive locks on it and on what it names: with ``past_locked``
--       those that somebody holds or wants exclusively are said to be locked, and nothing is known of them.
-- Since: 13. Privilege: none.
WITH exclusive AS MATERIALIZED (
    SELECT DISTINCT lock.relation
    FROM pg_locks AS lock
    WHERE %(past_locked)s::bool
      AND lock.locktype = 'relation'
      AND lock.database = (SELECT database.oid FROM pg_database AS database WHERE database.datname = current_database())
      AND lock.mode = 'AccessExclusiveLock'
),
superuser AS (
    SELECT role.oid FROM pg_roles AS role WHERE role.rolsuper
),
member AS (
    SELECT depend.classid AS class, depend.objid AS oid
    FROM pg_depend AS depend
    WHERE depend.deptype = 'e' AND depend.refclassid = 'pg_extension'::regclass
),
function AS (
    SELECT
        function.oid,
        namespace.nspname::text AS schema_name,
        function.proname::text AS name,
        function.proowner IN (SELECT oid FROM superuser) AS of_superuser,
        (function.proowner IN (SELECT oid FROM superuser) OR language.lanname IN ('c', 'internal'))
            AND ('pg_proc'::regclass, function.oid) IN (SELECT class, oid FROM member) AS of_extension
    FROM pg_proc AS function
    JOIN pg_namespace AS namespace ON namespace.oid = function.pronamespace
    JOIN pg_language AS language ON language.oid = function.prolang
    WHERE function.oid >= 16384
      -- The server makes the constructors of a range type itself.
      AND NOT EXISTS (
          SELECT FROM pg_depend AS depend
          WHERE depend.classid = 'pg_proc'::regclass AND depend.objid = function.oid
            AND depend.refclassid = 'pg_type'::regclass AND depend.deptype = 'i'
      )
),
operator AS (
    SELECT operator.oid, namespace.nspname::text AS schema_name, operator.oprname::text AS name
    FROM pg_operator AS operator
    JOIN pg_namespace AS namespace ON namespace.oid = operator.oprnamespace
    WHERE operator.oid >= 16384
      AND NOT (
          operator.oprowner IN (SELECT oid FROM superuser)
          AND ('pg_operator'::regclass, operator.oid) IN (SELECT class, oid FROM member)
      )
),
-- What must not run while planning; of extensions' functions those may that are known to be harmless.
code AS (
    SELECT 'pg_proc'::regclass AS class, function.oid
    FROM function
    WHERE NOT (function.of_extension AND function.name = ANY (%(harmless)s::text[]))
    UNION ALL
    SELECT 'pg_operator'::regclass, operator.oid FROM operator
    UNION ALL
    SELECT 'pg_opclass'::regclass, class.oid
    FROM pg_opclass AS class
    WHERE class.oid >= 16384
      AND NOT (
          class.opcowner IN (SELECT oid FROM superuser)
          AND ('pg_opclass'::regclass, class.oid) IN (SELECT class, oid FROM member)
      )
),
relation AS (
    SELECT
        class.oid,
        namespace.nspname::text AS schema_name,
        class.relname::text AS name,
        class.relkind AS kind,
        class.reltype AS row_type,
        class.reloftype AS made_of
    FROM pg_class AS class
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE class.relkind IN ('r', 'p', 'v', 'm', 'f') AND namespace.nspname !~ '^pg_toast'
),
-- What the planner reads of a relation that holds expressions.
attached AS (
    SELECT 'pg_rewrite'::regclass AS class, rewrite.oid, rewrite.ev_class AS relation
    FROM pg_rewrite AS rewrite
    JOIN relation ON relation.oid = rewrite.ev_class AND relation.kind = 'v'
    UNION ALL
    SELECT 'pg_policy'::regclass, policy.oid, policy.polrelid FROM pg_policy AS policy
    UNION ALL
    SELECT 'pg_constraint'::regclass, con.oid, con.conrelid
    FROM pg_constraint AS con WHERE con.contype = 'c' AND con.conrelid <> 0
    UNION ALL
    SELECT 'pg_class'::regclass, ind.indexrelid, ind.indrelid FROM pg_index AS ind
    UNION ALL
    SELECT 'pg_class'::regclass, partitioned.partrelid, partitioned.partrelid FROM pg_partitioned_table AS partitioned
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, statistics.oid, statistics.stxrelid FROM pg_statistic_ext AS statistics
    UNION ALL
    SELECT 'pg_attrdef'::regclass, attrdef.oid, attrdef.adrelid
    FROM pg_attrdef AS attrdef
    JOIN pg_attribute AS attribute ON attribute.attrelid = attrdef.adrelid AND attribute.attnum = attrdef.adnum
    WHERE attribute.attgenerated = 'v'
),
needed AS (
    SELECT attached.relation, attached.class, depend.refclassid AS needed_class, depend.refobjid AS needed
    FROM attached
    JOIN pg_depend AS depend ON depend.classid = attached.class AND depend.objid = attached.oid
),
-- A view and a policy name other relations.
locked AS MATERIALIZED (
    SELECT exclusive.relation FROM exclusive
    UNION
    SELECT needed.relation FROM needed
    JOIN exclusive ON exclusive.relation = needed.needed
    WHERE needed.needed_class = 'pg_class'::regclass
),
definition AS (
    -- Nothing is known of what the system's own views do.
    SELECT
        relation.oid AS relation,
        CASE WHEN relation.schema_name NOT IN ('pg_catalog', 'information_schema')
                AND relation.oid NOT IN (SELECT locked.relation FROM locked)
            THEN pg_get_viewdef(relation.oid) END AS text
    FROM relation WHERE relation.kind = 'v'
    UNION ALL
    SELECT
        policy.polrelid,
        CASE WHEN policy.polrelid NOT IN (SELECT locked.relation FROM locked)
            THEN pg_get_expr(policy.polqual, policy.polrelid) END
    FROM pg_policy AS policy WHERE policy.polqual IS NOT NULL
    UNION ALL
    SELECT
        con.conrelid,
        CASE WHEN con.conrelid NOT IN (SELECT locked.relation FROM locked) THEN pg_get_expr(con.conbin, con.conrelid) END
    FROM pg_constraint AS con WHERE con.contype = 'c' AND con.conrelid <> 0
    UNION ALL
    SELECT
        ind.indrelid,
        CASE WHEN ind.indrelid NOT IN (SELECT locked.relation FROM locked)
            THEN concat_ws(' ', pg_get_expr(ind.indexprs, ind.indrelid), pg_get_expr(ind.indpred, ind.indrelid)) END
    FROM pg_index AS ind WHERE ind.indexprs IS NOT NULL OR ind.indpred IS NOT NULL
    UNION ALL
    SELECT
        attrdef.adrelid,
        CASE WHEN attrdef.adrelid NOT IN (SELECT locked.relation FROM locked)
            THEN pg_get_expr(attrdef.adbin, attrdef.adrelid) END
    FROM pg_attrdef AS attrdef
    JOIN pg_attribute AS attribute ON attribute.attrelid = attrdef.adrelid AND attribute.attnum = attrdef.adnum
    WHERE attribute.attgenerated = 'v'
),
type AS (
    SELECT
        type.oid,
        namespace.nspname::text AS schema_name,
        type.typname::text AS name,
        type.typtype AS kind,
        type.typarray AS array,
        type.typrelid AS relation,
        element.oid IS NOT NULL AS is_array,
        type.typowner IN (SELECT oid FROM superuser)
            AND ('pg_type'::regclass, type.oid) IN (SELECT class, oid FROM member) AS of_extension
    FROM pg_type AS type
    JOIN pg_namespace AS namespace ON namespace.oid = type.typnamespace
    LEFT JOIN pg_type AS element ON element.oid = type.typelem AND element.typarray = type.oid
    WHERE type.oid >= 16384 AND namespace.nspname !~ '^pg_toast'
),
cast_ AS (
    SELECT cast_.castsource AS source, cast_.casttarget AS target, function.of_superuser, function.of_extension
    FROM pg_cast AS cast_
    JOIN function ON function.oid = cast_.castfunc
),
fact (kind, oid, other, schema_name, name, text) AS (
    SELECT 'function', oid, NULL::oid, schema_name, name, NULL::text FROM function WHERE NOT of_extension
    UNION ALL
    SELECT 'operator', oid, NULL, schema_name, name, NULL FROM operator
    UNION ALL
    SELECT 'relation', oid, NULL, schema_name, name, NULL FROM relation
    WHERE schema_name NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    SELECT 'foreign', oid, NULL, NULL, NULL, NULL FROM relation WHERE relation.kind = 'f'
    UNION ALL
    SELECT 'part', needed.relation, needed.needed, NULL, NULL, NULL FROM needed
    WHERE needed.class IN ('pg_rewrite'::regclass, 'pg_policy'::regclass) AND needed.needed_class = 'pg_class'::regclass
    UNION ALL
    SELECT 'part', inherits.inhparent, inherits.inhrelid, NULL, NULL, NULL FROM pg_inherits AS inherits
    JOIN relation ON relation.oid = inherits.inhparent
    UNION ALL
    SELECT 'runs', needed.relation, NULL, NULL, NULL, NULL FROM needed
    JOIN code ON code.class = needed.needed_class AND code.oid = needed.needed
    UNION ALL
    SELECT 'of type', needed.relation, needed.needed, NULL, NULL, NULL FROM needed
    WHERE needed.needed_class = 'pg_type'::regclass
    UNION ALL
    SELECT 'of type', attribute.attrelid, attribute.atttypid, NULL, NULL, NULL FROM pg_attribute AS attribute
    JOIN relation ON relation.oid = attribute.attrelid
    WHERE attribute.atttypid >= 16384 AND attribute.attnum > 0 AND NOT attribute.attisdropped
    UNION ALL
    -- Its name alone means a row of it.
    SELECT 'row type', relation.oid, relation.row_type, NULL, NULL, NULL FROM relation
    UNION ALL
    SELECT 'locked', relation, NULL, NULL, NULL, NULL FROM locked
    UNION ALL
    SELECT 'definition', relation, NULL, NULL, NULL, text FROM definition
    UNION ALL
    SELECT 'type', type.oid, NULL, type.schema_name, type.name, NULL FROM type
    UNION ALL
    -- Unqualified it is the server's own type of that name.
    SELECT 'type hidden', type.oid, NULL, NULL, NULL, NULL FROM type
    JOIN pg_type AS own ON own.typname = type.name AND own.typnamespace = 'pg_catalog'::regnamespace
    UNION ALL
    SELECT 'type runs', type.oid, NULL, NULL, NULL, NULL FROM type
    WHERE type.kind = 'p'
       OR (type.kind = 'b' AND NOT type.is_array AND ('pg_type'::regclass, type.oid) NOT IN (SELECT class, oid FROM member))
    UNION ALL
    SELECT 'type runs', type.oid, NULL, NULL, NULL, NULL FROM type
    JOIN cast_ ON type.oid IN (cast_.source, cast_.target) OR type.array IN (cast_.source, cast_.target)
    WHERE NOT type.of_extension
    UNION ALL
    SELECT 'type runs', depend.objid, NULL, NULL, NULL, NULL FROM pg_depend AS depend
    JOIN code ON code.class = depend.refclassid AND code.oid = depend.refobjid
    WHERE depend.classid = 'pg_type'::regclass AND depend.refobjid NOT IN (SELECT oid FROM function WHERE of_extension)
    UNION ALL
    SELECT 'type runs', con.contypid, NULL, NULL, NULL, NULL FROM pg_constraint AS con
    JOIN pg_depend AS depend ON depend.classid = 'pg_constraint'::regclass AND depend.objid = con.oid
    JOIN code ON code.class = depend.refclassid AND code.oid = depend.refobjid
    WHERE con.contypid <> 0
    UNION ALL
    SELECT 'type check', con.contypid, NULL, NULL, NULL, pg_get_expr(con.conbin, 0)
    FROM pg_constraint AS con WHERE con.contypid <> 0 AND con.contype = 'c'
    UNION ALL
    SELECT 'type part', depend.objid, depend.refobjid, NULL, NULL, NULL FROM pg_depend AS depend
    WHERE depend.classid = 'pg_type'::regclass AND depend.refclassid = 'pg_type'::regclass
    UNION ALL
    SELECT 'type part', con.contypid, depend.refobjid, NULL, NULL, NULL FROM pg_constraint AS con
    JOIN pg_depend AS depend ON depend.classid = 'pg_constraint'::regclass AND depend.objid = con.oid
    WHERE con.contypid <> 0 AND depend.refclassid = 'pg_type'::regclass AND depend.refobjid <> con.contypid
    UNION ALL
    SELECT 'type part', type.oid, attribute.atttypid, NULL, NULL, NULL FROM type
    JOIN pg_attribute AS attribute ON attribute.attrelid = type.relation
    WHERE attribute.atttypid >= 16384 AND attribute.attnum > 0 AND NOT attribute.attisdropped
    UNION ALL
    -- A row of a table is taken for one of its parent, or of the type that the table was made of, wherever that is wanted.
    SELECT 'type part', child.row_type, parent.row_type, NULL, NULL, NULL FROM pg_inherits AS inherits
    JOIN relation AS child ON child.oid = inherits.inhrelid
    JOIN relation AS parent ON parent.oid = inherits.inhparent
    UNION ALL
    SELECT 'type part', relation.row_type, relation.made_of, NULL, NULL, NULL FROM relation WHERE relation.made_of <> 0
    UNION ALL
    -- Between types of the server or of extensions only a superuser can make one; it runs wherever these types meet.
    SELECT 'cast', NULL, NULL, NULL, NULL, NULL FROM cast_
    WHERE NOT cast_.of_superuser
      AND NOT cast_.of_extension
      AND cast_.source NOT IN (SELECT type.oid FROM type WHERE NOT type.of_extension)
      AND cast_.target NOT IN (SELECT type.oid FROM type WHERE NOT type.of_extension)
)
SELECT DISTINCT kind, oid::bigint, other::bigint, schema_name, name, text FROM fact
