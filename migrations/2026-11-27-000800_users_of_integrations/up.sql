-- Users of the integrations: people with a softphone in a browser.
CREATE TABLE integration_user (
    id TEXT NOT NULL PRIMARY KEY,
    -- The contract's userId; none is given twice.
    number BIGINT NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 2147483647),
    -- What its owner signs in with, in lower case.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- The phone, and its node.
    dn TEXT,
    ceid BIGINT CHECK (ceid BETWEEN 1 AND 999),
    kind TEXT NOT NULL CHECK (kind IN ('salesforce', 'google')),
    -- An argon2id hash; empty until one is given.
    password TEXT,
    disabled BOOLEAN NOT NULL,
    -- Grows with what ends sessions and tokens: another password, another kind, disabled.
    generation BIGINT NOT NULL,
    -- E-mail, name and phone in lower case: what is searched, since no two databases know the same letters.
    words TEXT NOT NULL,
    -- Wrong passwords since the last right one, and until when none is looked at.
    failures BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    CHECK (ceid IS NULL OR dn IS NOT NULL)
);

-- What a user was given at sign-in, to come back without the password.
CREATE TABLE integration_token (
    -- SHA-256 of the token, in hexadecimal.
    hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES integration_user (id),
    -- By which application: company / name.
    application TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL
);
CREATE INDEX integration_token_user ON integration_token (user_id);
