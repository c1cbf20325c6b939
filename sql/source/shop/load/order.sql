-- pgbench: a customer comes and orders, in one transaction over three tables.
\set product random(1, 30)
\set quantity random(1, 9)
BEGIN;
INSERT INTO customers (email, first_name, last_name, city, country, lifetime_value)
VALUES ('load' || :product || '@shop.example', 'Load', CASE WHEN :quantity > 1 THEN 'O''Neil ' || :client_id END,
        CASE WHEN :quantity % 3 > 0 THEN 'Austin' END, 'USA', :product / 3.0)
RETURNING customer_id AS customer \gset
INSERT INTO orders (customer_id, product_id, quantity, total_amount) VALUES (:customer, :product, :quantity, :product * :quantity * 1.99);
UPDATE inventory SET on_hand = on_hand - :quantity WHERE product_id = :product AND warehouse = 'north';
COMMIT;
