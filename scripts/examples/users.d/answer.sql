-- What the two tables must hold: compared with expected.txt.
SELECT 'user', id, name, email, op, event_time, processed_at IS NOT NULL FROM migrated_users ORDER BY id;
SELECT 'count', window_start AT TIME ZONE 'UTC', op, n FROM users_per_minute ORDER BY window_start, op;
SELECT 'column', attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid = 'migrated_users'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum;
