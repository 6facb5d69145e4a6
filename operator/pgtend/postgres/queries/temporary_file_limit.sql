-- What: what one process of this session may write to temporary files, in kB; -1 where nothing limits it.
-- Since: 13. Privilege: none.
SELECT setting::bigint AS kilobytes FROM pg_settings WHERE name = 'temp_file_limit'
