-- What: the settings that change plans, by name (categories are translated to the server's language), as a session begins with
--       them: pgtend's own has other ones.
-- Since: 13. Privilege: none.
SELECT name::text AS name, reset_val AS setting
FROM pg_settings
WHERE name ~ '^(enable_|jit|geqo|seq_page_cost|random_page_cost|cpu_|parallel_|min_parallel_|max_parallel_)'
   OR name IN (
       'work_mem', 'hash_mem_multiplier', 'effective_cache_size', 'effective_io_concurrency', 'shared_buffers',
       'default_statistics_target', 'constraint_exclusion', 'cursor_tuple_fraction', 'from_collapse_limit',
       'join_collapse_limit', 'recursive_worktable_factor', 'plan_cache_mode', 'server_version_num'
   )
ORDER BY name
