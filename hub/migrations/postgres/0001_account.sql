-- +goose Up
-- Who may act. Times are µs UTC everywhere; 0 means not yet.
CREATE TABLE merchant (
    id           TEXT   NOT NULL PRIMARY KEY,
    name         TEXT   NOT NULL UNIQUE,
    number_range TEXT   NOT NULL UNIQUE, -- first five digits of its barcodes
    carrier      TEXT   NOT NULL,        -- whose couriers bring its parcels
    created      BIGINT NOT NULL
);

CREATE TABLE merchant_key (
    id       TEXT   NOT NULL PRIMARY KEY,
    merchant TEXT   NOT NULL REFERENCES merchant (id),
    digest   BYTEA  NOT NULL UNIQUE, -- SHA-256 of a random key of more than 128 bits
    created  BIGINT NOT NULL,
    ended    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX merchant_key_merchant ON merchant_key (merchant);

CREATE TABLE courier (
    id            TEXT    NOT NULL PRIMARY KEY, -- the carrier's name for the courier, not a person's name
    carrier       TEXT    NOT NULL,
    lockers       TEXT    NOT NULL, -- separated by blanks; * is the whole network
    deposit       BOOLEAN NOT NULL,
    withdraw      BOOLEAN NOT NULL,
    token_digest  BYTEA   NOT NULL, -- of the one-time enrolment token; empty once used
    token_until   BIGINT  NOT NULL,
    device_key    BYTEA   NOT NULL, -- CBOR of a statement.Key; empty until enrolled
    certificate   BYTEA   NOT NULL, -- envelope of a statement.Courier
    certified_until BIGINT NOT NULL DEFAULT 0,
    created       BIGINT  NOT NULL
);
CREATE UNIQUE INDEX courier_token ON courier (token_digest) WHERE token_until > 0;

CREATE TABLE notifier_token (
    digest  BYTEA  NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL
);

CREATE TABLE audit (
    id      TEXT   NOT NULL PRIMARY KEY,
    at      BIGINT NOT NULL,
    actor   TEXT   NOT NULL,
    act     TEXT   NOT NULL,
    subject TEXT   NOT NULL
);

-- +goose Down
DROP TABLE audit;
DROP TABLE notifier_token;
DROP TABLE courier;
DROP TABLE merchant_key;
DROP TABLE merchant;
