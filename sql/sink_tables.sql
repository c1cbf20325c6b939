-- What the worker makes of the four tables of tables.toml, as Spark or Trino would spell it. Documentation only: tables are
-- made by the first worker, from the schema in the events. Nobody has to run this.
--
-- Only key columns are NOT NULL, whatever the source says (docs/decisions/0005-types.md); the key is also the table's
-- identifier-field-ids. varchar(n), char(n) and text are strings; smallint is an int; serial is an int, bigserial a long.
-- Events without a schema make every integer a bigint, unless `columns` or `dsn` say otherwise.

CREATE TABLE university.faculty (
  id             integer NOT NULL,
  name           varchar,
  dean           varchar,
  founded        date,
  created_at     timestamp(6) with time zone,
  ingestion_time timestamp(6) with time zone      -- when the worker decoded the row: metadata_columns
);

CREATE TABLE university.program (
  id             integer NOT NULL,
  faculty_id     integer,
  name           varchar,
  degree         varchar,
  credits        integer,
  tuition        decimal(10, 2),
  ingestion_time timestamp(6) with time zone
);

CREATE TABLE university.students (
  id             integer NOT NULL,
  student_no     varchar,
  first_name     varchar,
  last_name      varchar,
  email          varchar,
  birth_date     date,
  gender         varchar,
  program_id     integer,
  gpa            decimal(3, 2),
  active         boolean,
  enrolled_at    timestamp(6),
  updated_at     timestamp(6) with time zone,
  ingestion_time timestamp(6) with time zone      -- columns added at the source later come behind it
);                                                -- job = "students": full_name, email_domain varchar before it

CREATE TABLE university.payment (
  id             bigint NOT NULL,
  student_id     integer,
  amount         decimal(12, 2),
  currency       varchar,
  method         varchar,
  paid_at        timestamp(6) with time zone,
  note           varchar,
  ingestion_time timestamp(6) with time zone
);

-- All of them: format version 2, unpartitioned, Parquet with zstd, and these properties.
--   write.delete.mode, write.update.mode, write.merge.mode = merge-on-read
--   write.metadata.delete-after-commit.enabled = true, write.metadata.previous-versions-max = 20
--   history.expire.min-snapshots-to-keep = <snapshot_keep>
--   cdc.key = ["id"]                                 the columns that identify a row
--   cdc.offsets, cdc.offsets.snapshot-id             offsets, mirrored when a worker leaves
-- A table with mode = "append" has no identifier, no NOT NULL, and one more column: _cdc_operation varchar, one of r c u d t.
