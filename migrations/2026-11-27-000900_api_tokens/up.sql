-- What programs administer with: each acts for an account, and never does more than that one may.
CREATE TABLE api_token (
    id TEXT NOT NULL PRIMARY KEY,
    -- The account's id; its tokens go with it.
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    -- SHA-256 of the token in hexadecimal form; the token itself is kept nowhere.
    hash TEXT NOT NULL UNIQUE,
    -- What it may be used for: words with a space between.
    scopes TEXT NOT NULL,
    -- Empty for one that does not expire.
    expires_at_ms BIGINT,
    -- Written now and then, not each time; empty until the first.
    last_used_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    UNIQUE (account, name)
);
