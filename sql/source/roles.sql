-- Who captures changes: may replicate and read every table, and owns nothing. The publication is made here because only a
-- superuser may publish all tables, those of later too.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cdc') THEN
    CREATE ROLE cdc LOGIN REPLICATION PASSWORD 'cdc' IN ROLE pg_read_all_data;
  END IF;
END $$;

CREATE PUBLICATION dbz_publication FOR ALL TABLES;
