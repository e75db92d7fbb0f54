CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    -- What its owner signs in with, in lower case.
    name TEXT NOT NULL UNIQUE,
    email TEXT,
    -- An argon2id hash.
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'reader')),
    -- Wrong passwords since the last right one, and until when none is looked at.
    failures BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
