-- The tables of sql/source as the workers make them, in Trino's words. Documentation: the first worker of a table makes it,
-- with its key as identifier fields and properties, which Trino cannot express; one made here would be held.
--
-- The worker takes types and key from the events: numeric(p,s) is decimal(p,s), timestamp is timestamp(6), timestamptz is
-- timestamp(6) with time zone, smallint is integer, text, varchar(n) and char(n) are varchar, bytea is varbinary. Key columns
-- are NOT NULL.
CREATE SCHEMA IF NOT EXISTS iceberg.university;
USE iceberg.university;

CREATE TABLE IF NOT EXISTS faculty (
  faculty_id     integer NOT NULL,
  faculty_code   varchar,
  faculty_name   varchar,
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

CREATE TABLE IF NOT EXISTS program (
  program_id     integer NOT NULL,
  program_code   varchar,
  program_name   varchar,
  faculty_id     integer,
  degree         varchar,
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

CREATE TABLE IF NOT EXISTS lecturer (
  id             integer NOT NULL,
  faculty_id     integer,
  name           varchar,
  title          varchar,
  email          varchar,
  salary         decimal(12, 2),
  hired          date,
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

CREATE TABLE IF NOT EXISTS course (
  id             integer NOT NULL,
  program_id     integer,
  lecturer_id    integer,
  code           varchar,
  title          varchar,
  credits        integer,
  description    varchar,
  syllabus       varbinary,
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

CREATE TABLE IF NOT EXISTS students (
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
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

CREATE TABLE IF NOT EXISTS payment (
  id             bigint NOT NULL,
  student_id     integer,
  amount         decimal(12, 2),
  currency       varchar,
  method         varchar,
  paid_at        timestamp(6) with time zone,
  note           varchar,
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

CREATE TABLE IF NOT EXISTS registration (
  student_id     integer NOT NULL,
  course_id      integer NOT NULL,
  semester       varchar NOT NULL,
  grade          decimal(5, 2),
  registered_at  timestamp(6) with time zone,
  ingestion_time timestamp(6) with time zone
) WITH (format = 'PARQUET', format_version = 2);

-- mode = "append": no key; one row per change, with what it was.
CREATE TABLE IF NOT EXISTS attendance (
  student_id     integer,
  course_id      integer,
  day            date,
  present        boolean,
  ingestion_time timestamp(6) with time zone,
  _cdc_operation varchar
) WITH (format = 'PARQUET', format_version = 2);
