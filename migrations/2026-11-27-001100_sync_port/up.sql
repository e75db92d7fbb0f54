-- The port where a node serves its forms; empty where they are not copied.
ALTER TABLE node ADD COLUMN sync_port BIGINT;
