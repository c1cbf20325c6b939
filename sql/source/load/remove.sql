-- pgbench: deletes, one of them of a row that comes back under its key in the same transaction.
\set pick random(1, 2000)
BEGIN;
DELETE FROM payment WHERE id = (SELECT id FROM payment WHERE id >= :pick ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
WITH gone AS (
  DELETE FROM registration
  WHERE (student_id, course_id, semester) = (SELECT student_id, course_id, semester FROM registration WHERE student_id >= :pick
                                             ORDER BY student_id, course_id LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING *)
SELECT coalesce(max(student_id), 0) AS student, coalesce(max(course_id), 0) AS course FROM gone \gset
INSERT INTO registration (student_id, course_id, semester, grade) SELECT :student, :course, '2025-2', 50 WHERE :pick % 2 = 0 AND :student > 0
ON CONFLICT DO NOTHING;
COMMIT;
