-- A shop, as at the source: customers and what they order. A database of its own, cdcdb, beside sql/source's university.

CREATE TABLE customers (
  customer_id       serial PRIMARY KEY,
  email             varchar(255),
  first_name        varchar(100),
  last_name         varchar(100),
  phone             varchar(20),
  address_line1     varchar(255),
  city              varchar(100),
  state             varchar(50),
  postal_code       varchar(20),
  country           varchar(50),
  registration_date timestamp DEFAULT now(),
  last_updated      timestamp DEFAULT now(),
  is_active         boolean DEFAULT true,
  customer_tier     varchar(20) DEFAULT 'Bronze',
  lifetime_value    numeric(10,2) DEFAULT 0
);

CREATE TABLE products (
  product_id   serial PRIMARY KEY,
  sku          varchar(32) NOT NULL UNIQUE,
  product_name text NOT NULL,
  category     varchar(60),
  price        numeric(10,2) NOT NULL,
  weight_kg    double precision,
  created_at   timestamptz DEFAULT now()
);

CREATE TABLE orders (
  order_id     bigserial PRIMARY KEY,
  customer_id  integer NOT NULL REFERENCES customers ON DELETE CASCADE,
  product_id   integer NOT NULL REFERENCES products,
  quantity     integer NOT NULL,
  total_amount numeric(12,2) NOT NULL,
  order_status varchar(20) NOT NULL DEFAULT 'pending',
  ordered_at   timestamptz NOT NULL DEFAULT now()
);

-- A composite key.
CREATE TABLE inventory (
  product_id   integer NOT NULL REFERENCES products,
  warehouse    varchar(20) NOT NULL,
  on_hand      integer NOT NULL DEFAULT 0,
  restocked_at timestamptz,
  PRIMARY KEY (product_id, warehouse)
);

-- Who captures changes. The publication is made here because only a superuser may publish all tables, those of later too.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cdcuser') THEN
    CREATE ROLE cdcuser LOGIN REPLICATION PASSWORD 'cdcpass' IN ROLE pg_read_all_data;
  END IF;
END $$;
CREATE PUBLICATION dbz_publication FOR ALL TABLES;
