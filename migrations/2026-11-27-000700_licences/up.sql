-- What the licence server has given to gateways.
CREATE TABLE licence_grant (
    -- The gateway's id.
    gateway TEXT NOT NULL PRIMARY KEY,
    -- For whom, as its administrator calls it.
    site TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('purchased', 'trial', 'demonstration')),
    integrations_only BOOLEAN NOT NULL,
    -- Sessions at a time.
    standard BIGINT NOT NULL,
    advanced BIGINT NOT NULL,
    data_access BIGINT NOT NULL,
    salesforce BIGINT NOT NULL,
    google BIGINT NOT NULL,
    -- Empty for one that never ends.
    valid_until_ms BIGINT,
    -- Taken back: tagged, not removed.
    revoked BOOLEAN NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
