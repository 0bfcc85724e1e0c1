-- +goose Up
-- A carrier's couriers, as the hub has those of house carriers. Times are µs UTC; 0 means not yet.
CREATE TABLE courier (
    id            TEXT    NOT NULL PRIMARY KEY, -- the carrier's name for the courier, not a person's name
    carrier       TEXT    NOT NULL,
    lockers       TEXT    NOT NULL, -- separated by blanks; * is the whole network
    deposit       INTEGER NOT NULL,
    withdraw      INTEGER NOT NULL,
    token_digest  BLOB   NOT NULL, -- of the one-time enrolment token; empty once used
    token_until   INTEGER  NOT NULL,
    device_key    BLOB   NOT NULL, -- CBOR of a statement.Key; empty until enrolled
    certificate   BLOB   NOT NULL, -- envelope of a statement.Courier
    certified_until INTEGER NOT NULL DEFAULT 0,
    created       INTEGER  NOT NULL
) STRICT;
CREATE UNIQUE INDEX courier_token ON courier (token_digest) WHERE token_until > 0;

-- Devices that are no courier's any more, for as long as a certificate of theirs could hold.
CREATE TABLE revocation (
    carrier TEXT   NOT NULL,
    key_id  BLOB  NOT NULL, -- statement.KeyID
    made    INTEGER NOT NULL,
    told    INTEGER NOT NULL DEFAULT 0, -- when it was handed on; 0: it waits
    PRIMARY KEY (carrier, key_id)
) STRICT;

CREATE TABLE audit (
    id      TEXT   NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    actor   TEXT   NOT NULL,
    act     TEXT   NOT NULL,
    subject TEXT   NOT NULL
) STRICT;

-- +goose Down
DROP TABLE audit;
DROP TABLE revocation;
DROP TABLE courier;
