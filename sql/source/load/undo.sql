-- pgbench: what is rolled back, whole and to a savepoint, must never arrive; rows without a key come and go.
\set pick random(1, 200)
BEGIN;
INSERT INTO payment (student_id, amount, note) VALUES (:pick, 0.01, 'rolled back');
UPDATE lecturer SET salary = -1;
DELETE FROM attendance WHERE student_id = :pick;
ROLLBACK;
BEGIN;
INSERT INTO attendance VALUES (:pick, :client_id, current_date, :pick % 2 = 0);
SAVEPOINT one;
DELETE FROM payment WHERE student_id = :pick;
UPDATE students SET last_name = 'rolled back' WHERE id = :pick;
ROLLBACK TO one;
DELETE FROM attendance WHERE ctid = (SELECT ctid FROM attendance WHERE student_id = :pick LIMIT 1 FOR UPDATE SKIP LOCKED) AND :pick % 3 = 0;
COMMIT;
