-- The figures of sql/iceberg/verify_trino.sql at the source, and the slot's position.
SELECT 'faculty' AS name, count(*) AS n, sum(faculty_id)::text AS total FROM faculty
UNION ALL SELECT 'program', count(*), sum(program_id)::text FROM program
UNION ALL SELECT 'students', count(*), sum(gpa)::text FROM students
UNION ALL SELECT 'payment', count(*), sum(amount)::text FROM payment
ORDER BY 1;

SELECT slot_name, active, wal_status, pg_size_pretty(pg_current_wal_lsn() - confirmed_flush_lsn) AS behind FROM pg_replication_slots;
