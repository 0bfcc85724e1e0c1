-- +goose Up
-- Parcels that wait to be put in, and the manifest that names them now (number 0: none yet).
CREATE TABLE expected (
    barcode     TEXT    NOT NULL PRIMARY KEY,
    locker      TEXT    NOT NULL,
    carrier     TEXT    NOT NULL,
    size        BIGINT  NOT NULL,
    dwell_hours BIGINT  NOT NULL,
    low         BOOLEAN NOT NULL,
    number      BIGINT  NOT NULL DEFAULT 0,
    until       BIGINT  NOT NULL DEFAULT 0
);
CREATE INDEX expected_until ON expected (until);

-- The last number given in each locker's down stream.
CREATE TABLE down_stream (
    locker TEXT   NOT NULL PRIMARY KEY,
    last   BIGINT NOT NULL
);

CREATE TABLE down (
    locker   TEXT   NOT NULL,
    number   BIGINT NOT NULL,
    envelope BYTEA  NOT NULL,
    made     BIGINT NOT NULL,
    PRIMARY KEY (locker, number)
);

-- Whom a manifest names, until the guard has taken or refused it.
CREATE TABLE down_parcel (
    locker  TEXT   NOT NULL,
    number  BIGINT NOT NULL,
    barcode TEXT   NOT NULL,
    PRIMARY KEY (locker, number, barcode)
);

-- +goose Down
DROP TABLE down_parcel;
DROP TABLE down;
DROP TABLE down_stream;
DROP TABLE expected;
