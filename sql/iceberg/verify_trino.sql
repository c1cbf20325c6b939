-- Is the lake what the source is? scripts/trino -f sql/iceberg/verify_trino.sql; the same figures in PostgreSQL:
--   psql postgresql://postgres@127.0.0.1:5432/sourcedb -f sql/source/verify.sql
USE iceberg.university;
SHOW TABLES;

SELECT 'faculty' AS name, count(*) AS n, CAST(sum(faculty_id) AS varchar) AS total FROM faculty
UNION ALL SELECT 'program', count(*), CAST(sum(program_id) AS varchar) FROM program
UNION ALL SELECT 'students', count(*), CAST(sum(gpa) AS varchar) FROM students
UNION ALL SELECT 'payment', count(*), CAST(sum(amount) AS varchar) FROM payment
ORDER BY 1;

-- No key twice: no rows expected.
SELECT faculty_id, count(*) FROM faculty GROUP BY 1 HAVING count(*) > 1;
SELECT id, count(*) FROM payment GROUP BY 1 HAVING count(*) > 1;

SELECT * FROM faculty ORDER BY faculty_id LIMIT 10;
SELECT * FROM program ORDER BY program_id LIMIT 10;

-- How fresh; the last commits with the Kafka offsets they reach; data files against delete files.
SELECT max(ingestion_time) AS last_row FROM students;
SELECT committed_at, operation, element_at(summary, 'cdc.offsets') AS offsets FROM "students$snapshots" ORDER BY committed_at DESC LIMIT 5;
SELECT content, count(*) AS files, sum(record_count) AS records FROM "students$files" GROUP BY content;
