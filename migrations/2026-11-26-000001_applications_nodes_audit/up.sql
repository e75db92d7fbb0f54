-- Portable: TEXT, BIGINT (milliseconds where a name ends in _ms), BOOLEAN; ids and times are made by the gateway.

CREATE TABLE application (
    id TEXT NOT NULL PRIMARY KEY,
    company TEXT NOT NULL,
    name TEXT NOT NULL,
    -- argon2id hashes.
    application_password TEXT NOT NULL,
    local_password TEXT NOT NULL,
    -- While a local password is replaced: the new one, and until when the old one is accepted, too.
    next_local_password TEXT,
    overlap_until_ms BIGINT,
    service TEXT NOT NULL CHECK (service IN ('standard', 'advanced')),
    revoked BOOLEAN NOT NULL,
    -- What it may use, where that differs from the usual limits.
    monitors BIGINT,
    commands_per_second BIGINT,
    log_mib BIGINT,
    -- Counts the changes: who changes a row says which one it has read.
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    UNIQUE (company, name),
    CHECK ((next_local_password IS NULL) = (overlap_until_ms IS NULL))
);

CREATE TABLE node (
    ceid BIGINT NOT NULL PRIMARY KEY CHECK (ceid BETWEEN 1 AND 999),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    port BIGINT NOT NULL CHECK (port BETWEEN 1 AND 65535),
    association TEXT NOT NULL,
    edition TEXT NOT NULL,
    secondary BIGINT,
    -- In clear: the node wants it so.
    application_specific_info TEXT,
    -- Paths of files; all empty for plain TCP.
    tls_ca TEXT,
    tls_server_name TEXT,
    tls_client_certificate TEXT,
    tls_client_key TEXT,
    kind TEXT,
    -- JSON with the keys of [node.dial_plan].
    dial_plan TEXT,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    UNIQUE (address, port)
);

CREATE TABLE setting (
    key TEXT NOT NULL PRIMARY KEY,
    -- JSON.
    value TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

CREATE TABLE audit (
    -- Grows with time; made by the gateway.
    id TEXT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    origin TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    -- JSON objects of what changed; a secret is only said to be one.
    before TEXT,
    after TEXT
);
