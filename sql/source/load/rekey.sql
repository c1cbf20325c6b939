-- pgbench: primary keys change: a payment moves to a new key, a registration's key changes in part, two programs that nothing
-- refers to swap their keys through a third.
\set pick random(1, 2000)
BEGIN;
UPDATE payment SET id = nextval('payment_id_seq')
WHERE id = (SELECT id FROM payment WHERE id >= :pick ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED);
UPDATE registration r SET semester = '2026-' || 1 + :pick % 2
WHERE (student_id, course_id, semester) = (SELECT student_id, course_id, semester FROM registration WHERE student_id >= :pick
                                           ORDER BY student_id, course_id LIMIT 1 FOR UPDATE SKIP LOCKED)
  AND NOT EXISTS (SELECT FROM registration x WHERE x.student_id = r.student_id AND x.course_id = r.course_id
                  AND x.semester = '2026-' || 1 + :pick % 2);
SELECT pg_advisory_xact_lock(7);
INSERT INTO program (program_id, program_code, program_name, degree) VALUES (900001, 'A', 'Swap A', 'S1'), (900002, 'B', 'Swap B', NULL)
ON CONFLICT DO NOTHING;
UPDATE program SET program_id = 900003 WHERE program_id = 900001;
UPDATE program SET program_id = 900001 WHERE program_id = 900002;
UPDATE program SET program_id = 900002, program_name = 'Swap ' || :pick WHERE program_id = 900003;
COMMIT;
