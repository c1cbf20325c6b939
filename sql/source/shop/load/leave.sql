-- pgbench: a customer leaves, with the orders; another one's key changes; a third one's leaving is rolled back.
\set pick random(1, 2000)
BEGIN;
DELETE FROM customers
WHERE customer_id = (SELECT customer_id FROM customers WHERE customer_id >= :pick ORDER BY customer_id LIMIT 1 FOR UPDATE SKIP LOCKED);
UPDATE customers SET customer_id = nextval('customers_customer_id_seq')
WHERE customer_id = (SELECT customer_id FROM customers c WHERE customer_id >= :pick / 2
                     AND NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = c.customer_id)
                     ORDER BY customer_id LIMIT 1 FOR UPDATE SKIP LOCKED);
COMMIT;
BEGIN;
DELETE FROM orders WHERE customer_id = :pick % 90;
ROLLBACK;
