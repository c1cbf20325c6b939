-- The table that is there before the first event: it is taken as it is.
CREATE TABLE IF NOT EXISTS migrated_users (
  id           INT PRIMARY KEY,
  name         TEXT,
  email        TEXT,
  op           TEXT,
  event_time   TIMESTAMP,
  processed_at TIMESTAMP DEFAULT NOW()
);
