-- +goose Up
-- Parcels that wait to be put in, and the manifest that names them now (number 0: none yet).
CREATE TABLE expected (
    barcode     TEXT    NOT NULL PRIMARY KEY,
    locker      TEXT    NOT NULL,
    carrier     TEXT    NOT NULL,
    size        INTEGER  NOT NULL,
    dwell_hours INTEGER  NOT NULL,
    low         INTEGER NOT NULL,
    number      INTEGER  NOT NULL DEFAULT 0,
    until       INTEGER  NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX expected_until ON expected (until);

-- The last number given in each locker's down stream.
CREATE TABLE down_stream (
    locker TEXT   NOT NULL PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT;

CREATE TABLE down (
    locker   TEXT   NOT NULL,
    number   INTEGER NOT NULL,
    envelope BLOB  NOT NULL,
    made     INTEGER NOT NULL,
    PRIMARY KEY (locker, number)
) STRICT;

-- Whom a manifest names, until the guard has taken or refused it.
CREATE TABLE down_parcel (
    locker  TEXT   NOT NULL,
    number  INTEGER NOT NULL,
    barcode TEXT   NOT NULL,
    PRIMARY KEY (locker, number, barcode)
) STRICT;

-- +goose Down
DROP TABLE down_parcel;
DROP TABLE down;
DROP TABLE down_stream;
DROP TABLE expected;
