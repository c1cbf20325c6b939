-- Is the table what the source is? Of an embedded (SQLite) catalog, for DuckDB 1.5 in the folder of tables.toml: INSTALL iceberg;
-- INSTALL sqlite; once, then  duckdb -c ".read sql/iceberg/verify_duckdb.sql"

LOAD iceberg;
LOAD sqlite;
ATTACH 'data/catalog.db' AS catalog (TYPE sqlite, READ_ONLY);

-- Every table and its newest metadata.
SELECT table_namespace, table_name, metadata_location FROM catalog.iceberg_tables ORDER BY ALL;

SET VARIABLE students = (SELECT metadata_location FROM catalog.iceberg_tables
                         WHERE table_namespace = 'university' AND table_name = 'students');

-- Rows, and that no key is there twice (0 rows expected).
SELECT count(*) AS students FROM iceberg_scan(getvariable('students'));
SELECT id, count(*) FROM iceberg_scan(getvariable('students')) GROUP BY id HAVING count(*) > 1;

-- Totals to compare with the same query in PostgreSQL: SELECT count(*), sum(gpa), max(updated_at) FROM students;
SELECT count(*), sum(gpa), max(updated_at) FROM iceberg_scan(getvariable('students'));

-- How fresh it is.
SELECT max(ingestion_time) AS last_row FROM iceberg_scan(getvariable('students'));

-- Its snapshots: one per commit.
SELECT sequence_number, snapshot_id, timestamp_ms FROM iceberg_snapshots(getvariable('students'))
ORDER BY sequence_number DESC LIMIT 5;

-- Trino, with an Iceberg catalog `iceberg` in which the tables are registered (not part of this version's scripts):
--   SELECT count(*), sum(gpa), max(updated_at) FROM iceberg.university.students;
--   SELECT committed_at, operation, summary['cdc.offsets'] FROM iceberg.university."students$snapshots" ORDER BY 1 DESC;
--   SELECT content, count(*), sum(record_count) FROM iceberg.university."students$files" GROUP BY content;
