-- +goose Up
-- Carriers with a key and a service of their own, and what they ask the hub with.
CREATE TABLE carrier_token (
    carrier TEXT   NOT NULL PRIMARY KEY,
    digest  BYTEA  NOT NULL UNIQUE,
    created BIGINT NOT NULL
);

-- Devices that are no courier's any more, for as long as a certificate of theirs could hold.
CREATE TABLE revocation (
    carrier TEXT   NOT NULL,
    key_id  BYTEA  NOT NULL, -- statement.KeyID
    made    BIGINT NOT NULL,
    told    BIGINT NOT NULL DEFAULT 0, -- when it was handed on; 0: it waits
    PRIMARY KEY (carrier, key_id)
);

-- +goose Down
DROP TABLE revocation;
DROP TABLE carrier_token;
