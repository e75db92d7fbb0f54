ALTER TABLE node DROP COLUMN sync_port;
