-- +goose Up
CREATE TABLE locker (
    id          TEXT   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    address     TEXT   NOT NULL,
    zone        TEXT   NOT NULL, -- IANA time zone
    latitude    DOUBLE PRECISION NOT NULL,
    longitude   DOUBLE PRECISION NOT NULL,
    state       TEXT   NOT NULL, -- new, enrolled, provisioned
    code_digest BYTEA  NOT NULL, -- SHA-256 of the one-time enrolment secret; empty once used
    code_until  BIGINT NOT NULL,
    fingerprint TEXT   NOT NULL, -- of the link's key, as edge reckons it
    guard_key   BYTEA  NOT NULL, -- CBOR of a statement.Key, learnt from record 1
    certificate BYTEA  NOT NULL, -- CBOR of a statement.Bundle, from record 1
    created     BIGINT NOT NULL
);

-- What changes with every head, one narrow row a locker.
CREATE TABLE locker_line (
    locker        TEXT   NOT NULL PRIMARY KEY REFERENCES locker (id),
    position      BIGINT NOT NULL, -- last record received
    position_hash BYTEA  NOT NULL, -- its chain hash
    heard         BIGINT NOT NULL, -- when the last head came, by the hub's clock
    since         BIGINT NOT NULL, -- since when heads have come without a gap
    behind_since  BIGINT NOT NULL, -- since when heads have been ahead of the records; 0 when they are not
    kept          BIGINT NOT NULL, -- when the last stretch was kept as evidence
    boot          BIGINT NOT NULL,
    head          BIGINT NOT NULL, -- position of the last head
    powered       BIGINT NOT NULL,
    low           BIGINT NOT NULL,
    down          BIGINT NOT NULL  -- last down statement the guard has taken
);

-- A fold of the records: see fleet.Project.
CREATE TABLE compartment (
    locker  TEXT    NOT NULL REFERENCES locker (id),
    number  BIGINT  NOT NULL,
    size    BIGINT  NOT NULL,
    low     BOOLEAN NOT NULL,
    state   TEXT    NOT NULL,
    faulted BOOLEAN NOT NULL,
    parcel  TEXT    NOT NULL, -- barcode, empty when none is known inside
    record  BIGINT  NOT NULL, -- the last record that moved it
    PRIMARY KEY (locker, number)
);

-- Room by size: empty is a cached count of usable empty compartments, reserved of reservations.
CREATE TABLE room (
    locker   TEXT   NOT NULL REFERENCES locker (id),
    size     BIGINT NOT NULL,
    total    BIGINT NOT NULL,
    empty    BIGINT NOT NULL,
    reserved BIGINT NOT NULL,
    PRIMARY KEY (locker, size)
);

CREATE TABLE reservation (
    barcode TEXT   NOT NULL PRIMARY KEY,
    locker  TEXT   NOT NULL,
    size    BIGINT NOT NULL -- of the room it counts against, which may be larger than the parcel's
);
CREATE INDEX reservation_locker ON reservation (locker);

CREATE TABLE alarm (
    id          TEXT   NOT NULL PRIMARY KEY,
    locker      TEXT   NOT NULL,
    kind        TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    compartment BIGINT NOT NULL, -- 0 when none is meant
    record      BIGINT NOT NULL, -- 0 when no record proves it
    raised      BIGINT NOT NULL,
    ended       BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX alarm_open ON alarm (locker, kind, reason, compartment) WHERE ended = 0;

-- The latest receipt of each time key for each locker.
CREATE TABLE receipt (
    locker   TEXT   NOT NULL REFERENCES locker (id),
    time_key TEXT   NOT NULL,
    envelope BYTEA  NOT NULL,
    boot     BIGINT NOT NULL,
    utc      BIGINT NOT NULL,
    PRIMARY KEY (locker, time_key)
);

-- +goose Down
DROP TABLE receipt;
DROP TABLE alarm;
DROP TABLE reservation;
DROP TABLE room;
DROP TABLE compartment;
DROP TABLE locker_line;
DROP TABLE locker;
