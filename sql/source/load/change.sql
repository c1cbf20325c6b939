-- pgbench: updates of rows old and new, NULLs set and unset, a TOASTed text left alone (:pick even) or replaced.
\set pick random(1, 1000)
\set course random(1, 40)
\set lecturer random(1, 20)
\set faculty random(1, 5)
BEGIN;
UPDATE students SET gpa = CASE WHEN :pick % 4 > 0 THEN (:pick % 400) / 100.0 END, updated_at = clock_timestamp(), active = NULL
WHERE id = (SELECT id FROM students WHERE id >= :pick ORDER BY id LIMIT 1);
UPDATE course SET credits = :pick % 10, description = CASE WHEN :pick % 2 = 0 THEN description ELSE repeat(md5(:pick::text), :pick % 200) END
WHERE id = :course;
UPDATE lecturer SET salary = salary + :pick / 100.0, title = CASE WHEN :pick % 2 = 0 THEN 'Dr.' END WHERE id = :lecturer;
UPDATE registration SET grade = :pick / 10.0
WHERE (student_id, course_id, semester) = (SELECT student_id, course_id, semester FROM registration WHERE student_id >= :pick
                                           ORDER BY student_id LIMIT 1);
UPDATE faculty SET faculty_name = 'Fakultas ' || :pick WHERE faculty_id = :faculty;
COMMIT;
