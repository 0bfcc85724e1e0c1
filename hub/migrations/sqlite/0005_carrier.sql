-- +goose Up
-- Carriers with a key and a service of their own, and what they ask the hub with.
CREATE TABLE carrier_token (
    carrier TEXT   NOT NULL PRIMARY KEY,
    digest  BLOB  NOT NULL UNIQUE,
    created INTEGER NOT NULL
) STRICT;

-- Devices that are no courier's any more, for as long as a certificate of theirs could hold.
CREATE TABLE revocation (
    carrier TEXT   NOT NULL,
    key_id  BLOB  NOT NULL, -- statement.KeyID
    made    INTEGER NOT NULL,
    told    INTEGER NOT NULL DEFAULT 0, -- when it was handed on; 0: it waits
    PRIMARY KEY (carrier, key_id)
) STRICT;

-- +goose Down
DROP TABLE revocation;
DROP TABLE carrier_token;
