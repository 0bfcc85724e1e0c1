-- +goose Up
-- Who may act. Times are µs UTC everywhere; 0 means not yet.
CREATE TABLE merchant (
    id           TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL UNIQUE,
    number_range TEXT   NOT NULL UNIQUE, -- first five digits of its barcodes
    carrier      TEXT   NOT NULL,        -- whose couriers bring its parcels
    created      INTEGER NOT NULL
) STRICT;

CREATE TABLE merchant_key (
    id       TEXT   NOT NULL PRIMARY KEY,
    merchant TEXT   NOT NULL REFERENCES merchant (id),
    digest   BLOB  NOT NULL UNIQUE, -- SHA-256 of a random key of more than 128 bits
    created  INTEGER NOT NULL,
    ended    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX merchant_key_merchant ON merchant_key (merchant);

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

CREATE TABLE notifier_token (
    digest  BLOB  NOT NULL PRIMARY KEY,
    created INTEGER NOT NULL
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
DROP TABLE notifier_token;
DROP TABLE courier;
DROP TABLE merchant_key;
DROP TABLE merchant;
