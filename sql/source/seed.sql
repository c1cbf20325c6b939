-- A small university: every table has rows, some with NULLs, quotes, other scripts, and a TOASTed text.

INSERT INTO faculty (faculty_code, faculty_name) VALUES
  ('FT', 'Fakultas Teknik'), ('FEB', 'Fakultas Ekonomi dan Bisnis'), ('FK', 'Fakultas Kedokteran'),
  ('FH', 'Fakultas Hukum'), ('FISIP', 'Fakultas Ilmu Sosial dan Ilmu Politik');

INSERT INTO program (program_code, program_name, faculty_id, degree) VALUES
  ('SIP', 'Teknik Sipil', 1, 'S1'), ('ELE', 'Teknik Elektro', 1, 'S1'), ('TIN', 'Teknik Industri', 1, 'S2'),
  ('AKT', 'Akuntansi', 2, 'S1'), ('MNJ', 'Manajemen', 2, 'S2'), ('DOK', 'Pendidikan Dokter', 3, 'S1'),
  ('HKM', 'Ilmu Hukum', 4, NULL), ('KOM', 'Ilmu Komunikasi', 5, 'S1');

INSERT INTO lecturer (faculty_id, name, title, email, salary, hired)
SELECT 1 + n % 5, (ARRAY['Siti Rahma', 'Budi O''Neil', 'Ayşe Yılmaz', '李小龍', 'José Müller'])[1 + n % 5] || ' ' || n,
       CASE WHEN n % 4 > 0 THEN 'Dr.' END, 'lecturer' || n || '@uni.example', 5000 + n * 137.25, date '1990-02-28' + n * 100
FROM generate_series(1, 20) n;

INSERT INTO course (program_id, lecturer_id, code, title, credits, description, syllabus)
SELECT 1 + n % 8, 1 + n % 20, 'C' || 100 + n, 'Course ' || n, CASE WHEN n % 7 > 0 THEN n % 6 END,
       repeat('Description of course ' || n || '. ', 1 + n % 3 * 100), decode(md5(n::text), 'hex')
FROM generate_series(1, 40) n;

INSERT INTO students (student_no, first_name, last_name, email, birth_date, gender, program_id, gpa, active, enrolled_at, updated_at)
SELECT 'S' || lpad(n::text, 9, '0'), (ARRAY['Dewi', 'Agus', 'Putri', 'Zoë', '明'])[1 + n % 5], (ARRAY['Santoso', 'O''Neil', 'Wijaya'])[1 + n % 3],
       CASE WHEN n % 9 > 0 THEN 'student' || n || '@uni.example' END, date '2000-01-01' + n * 11, substr('FM', 1 + n % 2, 1),
       1 + n % 8, CASE WHEN n % 5 > 0 THEN n % 400 / 100.0 END, CASE WHEN n % 10 > 0 THEN n % 3 > 0 END,
       timestamp '2024-08-01 08:00:00.000001' + n * interval '61.000007 seconds', NULL
FROM generate_series(1, 200) n;

INSERT INTO payment (student_id, amount, currency, method, paid_at, note)
SELECT 1 + n % 200, n * 12345.67, (ARRAY['IDR', 'USD', 'EUR'])[1 + n % 3], (ARRAY['transfer', 'card', NULL])[1 + n % 3],
       timestamptz '2024-09-01 12:00:00.123456+07' + n * interval '7 hours', CASE WHEN n % 6 = 0 THEN 'note ' || n END
FROM generate_series(1, 300) n;

INSERT INTO registration (student_id, course_id, semester, grade, registered_at)
SELECT n, 1 + n * 7 % 40, '2024-1', CASE WHEN n % 4 > 0 THEN n % 101 END, timestamptz '2024-09-10 09:00:00+07'
FROM generate_series(1, 200) n;

INSERT INTO attendance SELECT 1 + n % 200, 1 + n % 40, date '2024-09-16' + n % 30, n % 8 > 0 FROM generate_series(1, 100) n;
