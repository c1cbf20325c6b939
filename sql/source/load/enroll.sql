-- pgbench: a student comes, registers and pays, in one transaction over three tables.
\set program random(1, 8)
\set course random(1, 40)
\set gpa random(0, 400)
\set amount random(1, 99999999)
BEGIN;
INSERT INTO students (student_no, first_name, last_name, email, birth_date, gender, program_id, gpa, active, updated_at)
VALUES (lpad(nextval('students_id_seq')::text, 12, '0'), 'Load', 'O''Neil ' || :client_id, CASE WHEN :gpa % 3 > 0 THEN 'x@uni.example' END,
        date '1999-01-01' + :gpa, 'F', :program, :gpa / 100.0, CASE WHEN :gpa % 5 > 0 THEN :gpa % 2 = 0 END, clock_timestamp())
RETURNING id AS student \gset
INSERT INTO registration (student_id, course_id, semester, grade) VALUES (:student, :course, '2025-1', NULL) ON CONFLICT DO NOTHING;
INSERT INTO payment (student_id, amount, method, note) VALUES (:student, :amount / 100.0, NULL, repeat('n', :gpa));
COMMIT;
