-- Translations of what the pages of the administration say: a row for each language.
CREATE TABLE ui_language (
    -- As in RFC 5646: de, de-AT.
    language TEXT NOT NULL PRIMARY KEY,
    -- A JSON object: the English text and its translation. Read and written whole.
    texts TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed_at_ms BIGINT NOT NULL,
    changed_by TEXT NOT NULL
);
