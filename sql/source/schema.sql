-- The university, as at the source. What is worth having in a test is here: serial keys, a composite key, a table without a
-- key, REPLICA IDENTITY FULL, numerics, dates and times, TOAST, and columns with a DEFAULT that may be NULL.

CREATE TABLE faculty (
  faculty_id   serial PRIMARY KEY,
  faculty_code varchar(10) NOT NULL,
  faculty_name varchar(100) NOT NULL
);

CREATE TABLE program (
  program_id   serial PRIMARY KEY,
  program_code varchar(10) NOT NULL,
  program_name varchar(100) NOT NULL,
  faculty_id   integer REFERENCES faculty,
  degree       varchar(20) DEFAULT 'S1'
);

CREATE TABLE lecturer (
  id         serial PRIMARY KEY,
  faculty_id integer REFERENCES faculty,
  name       text NOT NULL,
  title      varchar(40),
  email      varchar(120),
  salary     numeric(12,2),
  hired      date
);
-- The whole old row in every update and delete.
ALTER TABLE lecturer REPLICA IDENTITY FULL;

CREATE TABLE course (
  id          serial PRIMARY KEY,
  program_id  integer REFERENCES program,
  lecturer_id integer REFERENCES lecturer ON DELETE SET NULL,
  code        varchar(16) NOT NULL,
  title       text,
  credits     smallint,
  description text,             -- long enough to be TOASTed: an update that leaves it alone does not send it
  syllabus    bytea
);
ALTER TABLE course ALTER COLUMN description SET STORAGE EXTERNAL;

CREATE TABLE students (
  id          serial PRIMARY KEY,
  student_no  varchar(12) NOT NULL UNIQUE DEFERRABLE INITIALLY DEFERRED,
  first_name  varchar(60) NOT NULL,
  last_name   varchar(60) NOT NULL,
  email       varchar(120),
  birth_date  date,
  gender      char(1),
  program_id  integer REFERENCES program,
  gpa         numeric(3,2),
  active      boolean DEFAULT true,
  enrolled_at timestamp NOT NULL DEFAULT now(),
  updated_at  timestamptz
);

CREATE TABLE payment (
  id         bigserial PRIMARY KEY,
  student_id integer NOT NULL,
  amount     numeric(12,2) NOT NULL,
  currency   char(3) NOT NULL DEFAULT 'IDR',
  method     varchar(20),
  paid_at    timestamptz NOT NULL DEFAULT now(),
  note       text
);

-- A composite key.
CREATE TABLE registration (
  student_id    integer NOT NULL,
  course_id     integer NOT NULL,
  semester      varchar(6) NOT NULL,
  grade         numeric(5,2),
  registered_at timestamptz DEFAULT now(),
  PRIMARY KEY (student_id, course_id, semester)
);

-- No key: with the whole old row in its events. Its table wants mode = "append" in tables.toml.
CREATE TABLE attendance (
  student_id integer,
  course_id  integer,
  day        date,
  present    boolean
);
ALTER TABLE attendance REPLICA IDENTITY FULL;
