-- Where Polaris keeps its catalog. Its own role and database: Debezium captures sourcedb alone.
CREATE ROLE polaris LOGIN PASSWORD 'polaris';
CREATE DATABASE polaris OWNER polaris;
