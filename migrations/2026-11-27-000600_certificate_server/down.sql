DROP TABLE certs_mail;
DROP TABLE certs_acl;
DROP TABLE certs_certificate;
DROP TABLE certs_entry;
DROP TABLE certs_request;
DROP TABLE certs_member;
CREATE TABLE account_without_members (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    email TEXT,
    password TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'operator', 'reader')),
    failures BIGINT NOT NULL,
    locked_until_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
INSERT INTO account_without_members
    (id, name, email, password, role, failures, locked_until_ms, created_at_ms, version, changed_at_ms, changed_by)
    SELECT id, name, email, password, role, failures, locked_until_ms, created_at_ms, version, changed_at_ms, changed_by
    FROM account WHERE role <> 'member';
DROP TABLE account;
ALTER TABLE account_without_members RENAME TO account;
