-- A role more: members of the certificate server. SQLite can change a CHECK only by making the table anew.
CREATE TABLE account_with_members (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    email TEXT,
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'reader', 'member')),
    failures BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
INSERT INTO account_with_members
    (id, name, email, password, role, failures, locked_until_ms, created_at_ms, version, changed_at_ms, changed_by)
    SELECT id, name, email, password, role, failures, locked_until_ms, created_at_ms, version, changed_at_ms, changed_by
    FROM account;
DROP TABLE account;
ALTER TABLE account_with_members RENAME TO account;

-- What the certificate server knows of an account besides; the account's version counts for both.
CREATE TABLE certs_member (
    account TEXT NOT NULL PRIMARY KEY,
    -- Of members alone.
    msa_number TEXT,
    -- The password is one that somebody else knows.
    must_change BOOLEAN NOT NULL
);

CREATE TABLE certs_request (
    id TEXT NOT NULL PRIMARY KEY,
    -- Whose it is, and the name at that time: the account may go.
    account TEXT NOT NULL,
    account_name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('registration', 'certificate')),
    company TEXT NOT NULL,
    application TEXT NOT NULL,
    -- Both names as they are compared: in lower case.
    names TEXT NOT NULL,
    contact TEXT NOT NULL,
    -- An argon2id hash; empty where the application is registered already and keeps what it has.
    password TEXT,
    -- Of a certificate: PEM. The private key is with the member alone.
    public_key TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'denied', 'withdrawn')),
    reason TEXT,
    decided_by TEXT,
    decided_at_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    CHECK ((kind = 'certificate') = (public_key IS NOT NULL))
);

-- The access control list: what is on it stays there, revoked or not.
CREATE TABLE certs_entry (
    id TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    account_name TEXT NOT NULL,
    company TEXT NOT NULL,
    application TEXT NOT NULL,
    names TEXT NOT NULL UNIQUE,
    contact TEXT NOT NULL,
    password TEXT NOT NULL,
    advanced BOOLEAN NOT NULL,
    revoked BOOLEAN NOT NULL,
    reason TEXT,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);

CREATE TABLE certs_certificate (
    id TEXT NOT NULL PRIMARY KEY,
    entry TEXT NOT NULL REFERENCES certs_entry (id),
    request TEXT NOT NULL UNIQUE REFERENCES certs_request (id),
    pem TEXT NOT NULL,
    serial TEXT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- One row: how often the list has changed.
CREATE TABLE certs_acl (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version BIGINT NOT NULL
);
INSERT INTO certs_acl (id, version) VALUES (1, 1);

-- Mail that is to be sent, written with what it tells of.
CREATE TABLE certs_mail (
    id TEXT NOT NULL PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    attachment_name TEXT,
    attachment TEXT,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'given-up')),
    attempts BIGINT NOT NULL,
    next_at_ms BIGINT NOT NULL,
    fault TEXT,
    created_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT
);
