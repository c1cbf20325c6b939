-- pgbench: customers move, pay, and rise; orders go on; prices change; stock comes.
\set pick random(1, 400)
\set product random(1, 30)
BEGIN;
UPDATE customers SET city = CASE WHEN :pick % 3 > 0 THEN 'City ' || :pick END, customer_tier = 'Gold', last_updated = clock_timestamp(),
       lifetime_value = :pick / 7.0
WHERE customer_id = (SELECT customer_id FROM customers WHERE customer_id >= :pick ORDER BY customer_id LIMIT 1);
UPDATE orders SET order_status = 'shipped'
WHERE order_id = (SELECT order_id FROM orders WHERE order_id >= :pick ORDER BY order_id LIMIT 1);
UPDATE products SET price = :pick / 10.0 WHERE product_id = :product;
UPDATE inventory SET on_hand = :pick, restocked_at = clock_timestamp() WHERE product_id = :product AND warehouse = 'south';
COMMIT;
