-- +goose Up
-- Barcodes that merchants have before they announce them, by the idempotency key they were asked for with.
CREATE TABLE barcode_block (
    merchant     TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    number_range TEXT    NOT NULL,
    first        INTEGER NOT NULL, -- serial
    count        INTEGER NOT NULL,
    created      INTEGER NOT NULL,
    PRIMARY KEY (merchant, key)
) STRICT;
CREATE INDEX barcode_block_first ON barcode_block (number_range, first);

-- Contact keys as merchants handed them in; the notifier reads them all and judges for itself. The last of a merchant is in use.
CREATE TABLE contact_key (
    number    INTEGER NOT NULL PRIMARY KEY, -- rises in the order of commits
    merchant  TEXT    NOT NULL,
    statement BLOB    NOT NULL, -- a statement.Bundle
    created   INTEGER NOT NULL
) STRICT;
CREATE INDEX contact_key_merchant ON contact_key (merchant, number);

-- +goose Down
DROP TABLE contact_key;
DROP TABLE barcode_block;
