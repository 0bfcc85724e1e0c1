-- +goose Up
CREATE TABLE locker (
    id          TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    zone        TEXT   NOT NULL, -- IANA time zone
    latitude    REAL NOT NULL,
    longitude   REAL NOT NULL,
    state       TEXT   NOT NULL, -- new, enrolled, provisioned
    code_digest BLOB  NOT NULL, -- SHA-256 of the one-time enrolment secret; empty once used
    code_until  INTEGER NOT NULL,
    fingerprint TEXT   NOT NULL, -- of the link's key, as edge reckons it
    guard_key   BLOB  NOT NULL, -- CBOR of a statement.Key, learnt from record 1
    certificate BLOB  NOT NULL, -- CBOR of a statement.Bundle, from record 1
    created     INTEGER NOT NULL
) STRICT;

-- What changes with every head, one narrow row a locker.
CREATE TABLE locker_line (
    locker        TEXT   NOT NULL PRIMARY KEY REFERENCES locker (id),
    position      INTEGER NOT NULL, -- last record received
    position_hash BLOB  NOT NULL, -- its chain hash
    heard         INTEGER NOT NULL, -- when the last head came, by the hub's clock
    since         INTEGER NOT NULL, -- since when heads have come without a gap
    behind_since  INTEGER NOT NULL, -- since when heads have been ahead of the records; 0 when they are not
    kept          INTEGER NOT NULL, -- when the last stretch was kept as evidence
    boot          INTEGER NOT NULL,
    head          INTEGER NOT NULL, -- position of the last head
    powered       INTEGER NOT NULL,
    low           INTEGER NOT NULL,
    down          INTEGER NOT NULL  -- last down statement the guard has taken
) STRICT;

-- A fold of the records: see fleet.Project.
CREATE TABLE compartment (
    locker  TEXT    NOT NULL REFERENCES locker (id),
    number  INTEGER  NOT NULL,
    size    INTEGER  NOT NULL,
    low     INTEGER NOT NULL,
    state   TEXT    NOT NULL,
    faulted INTEGER NOT NULL,
    parcel  TEXT    NOT NULL, -- barcode, empty when none is known inside
    record  INTEGER  NOT NULL, -- the last record that moved it
    PRIMARY KEY (locker, number)
) STRICT;

-- Room by size: empty is a cached count of usable empty compartments, reserved of reservations.
CREATE TABLE room (
    locker   TEXT   NOT NULL REFERENCES locker (id),
    size     INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    empty    INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    PRIMARY KEY (locker, size)
) STRICT;

CREATE TABLE reservation (
    barcode TEXT   NOT NULL PRIMARY KEY,
    locker  TEXT   NOT NULL,
    size    INTEGER NOT NULL -- of the room it counts against, which may be larger than the parcel's
) STRICT;
CREATE INDEX reservation_locker ON reservation (locker);

CREATE TABLE alarm (
    id          TEXT   NOT NULL PRIMARY KEY,
    locker      TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    compartment INTEGER NOT NULL, -- 0 when none is meant
    record      INTEGER NOT NULL, -- 0 when no record proves it
    raised      INTEGER NOT NULL,
    ended       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (locker, kind, reason, compartment) WHERE ended = 0;

-- The latest receipt of each time key for each locker.
CREATE TABLE receipt (
    locker   TEXT   NOT NULL REFERENCES locker (id),
    time_key TEXT   NOT NULL,
    envelope BLOB  NOT NULL,
    boot     INTEGER NOT NULL,
    utc      INTEGER NOT NULL,
    PRIMARY KEY (locker, time_key)
) STRICT;

-- +goose Down
DROP TABLE receipt;
DROP TABLE alarm;
DROP TABLE reservation;
DROP TABLE room;
DROP TABLE compartment;
DROP TABLE locker_line;
DROP TABLE locker;
