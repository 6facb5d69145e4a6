-- What: foreign keys, with the columns of both sides in the order in which they belong together. Those that a partition has from the
--       table above it, and those that stand for a partition that is referenced, are left out: the one of the whole says it all.
--       Those that are not enforced are checked by nobody, and those of periods (PostgreSQL 18) by other means than equality.
-- Since: 14. Privilege: none.
SELECT
    constraint_.conname::text AS name,
    child_schema.nspname::text AS child_schema,
    child.relname::text AS child_table,
    parent_schema.nspname::text AS parent_schema,
    parent.relname::text AS parent_table,
    constraint_.confdeltype::text AS on_delete,
    constraint_.confupdtype::text AS on_update,
    (
        SELECT array_agg(attribute.attname::text ORDER BY key.place)
        FROM unnest(constraint_.conkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute AS attribute ON attribute.attrelid = constraint_.conrelid AND attribute.attnum = key.number
    ) AS columns,
    (
        SELECT array_agg(attribute.attname::text ORDER BY key.place)
        FROM unnest(constraint_.confkey) WITH ORDINALITY AS key (number, place)
        JOIN pg_attribute AS attribute ON attribute.attrelid = constraint_.confrelid AND attribute.attnum = key.number
    ) AS referenced
FROM pg_constraint AS constraint_
JOIN pg_class AS child ON child.oid = constraint_.conrelid
JOIN pg_namespace AS child_schema ON child_schema.oid = child.relnamespace
JOIN pg_class AS parent ON parent.oid = constraint_.confrelid
JOIN pg_namespace AS parent_schema ON parent_schema.oid = parent.relnamespace
WHERE constraint_.contype = 'f'
  AND constraint_.conparentid = 0
  AND COALESCE((to_jsonb(constraint_) ->> 'conenforced')::bool, true)
  AND NOT COALESCE((to_jsonb(constraint_) ->> 'conperiod')::bool, false)
ORDER BY child_schema.nspname, child.relname, constraint_.conname
