-- A small shop: names with quotes and of other scripts, parts of an address that are NULL, customers without orders.

INSERT INTO customers (email, first_name, last_name, phone, address_line1, city, state, postal_code, country, registration_date,
                       last_updated, is_active, customer_tier, lifetime_value)
SELECT 'customer' || n || '@shop.example', (ARRAY['John', 'Zoë', '明', 'Siobhán'])[1 + n % 4],
       CASE WHEN n % 13 > 0 THEN (ARRAY['Doe', 'O''Neil', 'Müller', '李'])[1 + n % 4] END, '+49 30 ' || 1000 + n, n || ' Main Street',
       (ARRAY['Berlin', 'Austin', NULL, 'Jakarta'])[1 + n % 4], CASE WHEN n % 4 = 1 THEN 'TX' END, lpad(n::text, 5, '0'),
       (ARRAY['Germany', 'USA', 'Japan', 'Indonesia'])[1 + n % 4], timestamp '2024-01-01 08:00:00.000001' + n * interval '61.000007 s',
       timestamp '2024-06-01 00:00:00', n % 5 > 0, (ARRAY['Bronze', 'Silver', 'Gold', 'Platinum'])[1 + n % 4], n * 12.34
FROM generate_series(1, 100) n;

INSERT INTO products (sku, product_name, category, price, weight_kg, created_at)
SELECT 'SKU-' || lpad(n::text, 5, '0'), 'Product ' || n, (ARRAY['Books', 'Garden', NULL])[1 + n % 3], n * 1.99,
       CASE WHEN n % 4 > 0 THEN n / 7.0 END, timestamptz '2024-02-01 12:00:00+00' + n * interval '1 hour'
FROM generate_series(1, 30) n;

INSERT INTO orders (customer_id, product_id, quantity, total_amount, order_status, ordered_at)
SELECT 1 + n * 7 % 90, 1 + n % 30, 1 + n % 5, n * 9.99, (ARRAY['pending', 'paid', 'shipped'])[1 + n % 3],
       timestamptz '2024-03-01 09:00:00+00' + n * interval '37 minutes'
FROM generate_series(1, 200) n;

INSERT INTO inventory SELECT n, w, n * 3 % 50, CASE WHEN n % 2 = 0 THEN timestamptz '2024-04-01 00:00:00+00' END
FROM generate_series(1, 30) n, unnest(ARRAY['north', 'south']) w;
