-- Debezium's topic → an Iceberg table that is upserted. @NAME@ is filled in by flink.py.
-- The format `debezium-json` fails on Debezium's default updates (their `before` is null), so the topic is read as what it
-- also is: an upsert log, whose tombstones delete. Until its tombstone a deleted row is there without values.
CREATE TEMPORARY SYSTEM FUNCTION numeric_of AS 'Decoding$Numeric';
CREATE TEMPORARY SYSTEM FUNCTION days_of AS 'Decoding$Days';
CREATE TEMPORARY SYSTEM FUNCTION micros_of AS 'Decoding$Micros';
CREATE TEMPORARY SYSTEM FUNCTION zoned_of AS 'Decoding$Zoned';

CREATE TABLE events (
  id BIGINT,
  op STRING,
  `after` ROW<student_no STRING, first_name STRING, last_name STRING, email STRING, birth_date INT, gender STRING,
              program_id INT, gpa BYTES, active BOOLEAN, enrolled_at BIGINT, updated_at STRING>,
  PRIMARY KEY (id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka', 'topic' = '@TOPIC@', 'properties.bootstrap.servers' = '@BOOTSTRAP@',
  'properties.group.id' = 'peers-flink', 'scan.bounded.mode' = 'latest-offset',
  'key.format' = 'json', 'value.format' = 'json', 'value.fields-include' = 'EXCEPT_KEY');

CREATE CATALOG lake WITH ('type' = 'iceberg', 'catalog-type' = 'hadoop', 'warehouse' = 'file://@WAREHOUSE@');
CREATE DATABASE lake.university;
CREATE TABLE lake.university.students (
  id BIGINT, student_no STRING, first_name STRING, last_name STRING, email STRING, birth_date DATE, gender STRING,
  program_id INT, gpa DECIMAL(3, 2), active BOOLEAN, enrolled_at TIMESTAMP(6), updated_at TIMESTAMP_LTZ(6),
  PRIMARY KEY (id) NOT ENFORCED
) WITH ('format-version' = '2', 'write.upsert.enabled' = '@UPSERT@');

INSERT INTO lake.university.students
SELECT id, `after`.student_no, `after`.first_name, `after`.last_name, `after`.email, days_of(`after`.birth_date),
       `after`.gender, `after`.program_id, numeric_of(`after`.gpa), `after`.active, micros_of(`after`.enrolled_at),
       zoned_of(`after`.updated_at)
FROM events @WHERE@;
