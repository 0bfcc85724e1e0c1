-- +goose Up
CREATE TABLE shipment (
    id          TEXT   NOT NULL PRIMARY KEY,
    merchant    TEXT   NOT NULL,
    locker      TEXT   NOT NULL,
    carrier     TEXT   NOT NULL,
    reference   TEXT   NOT NULL,
    dwell_hours INTEGER NOT NULL,
    created     INTEGER NOT NULL
) STRICT;
CREATE INDEX shipment_merchant ON shipment (merchant, id);

-- One idempotency key of one merchant. body is a keyed digest: the request holds a contact.
CREATE TABLE idempotency (
    merchant TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    body     BLOB  NOT NULL,
    shipment TEXT   NOT NULL,
    created  INTEGER NOT NULL,
    PRIMARY KEY (merchant, key)
) STRICT;

-- The next serial of each number range.
CREATE TABLE serial (
    number_range TEXT   NOT NULL PRIMARY KEY,
    next         INTEGER NOT NULL
) STRICT;

-- state, hold, compartment, stored, due and ended are a fold of custody_event.
CREATE TABLE parcel (
    barcode     TEXT    NOT NULL PRIMARY KEY,
    shipment    TEXT    NOT NULL REFERENCES shipment (id),
    merchant    TEXT    NOT NULL,
    locker      TEXT    NOT NULL,
    carrier     TEXT    NOT NULL,
    place       INTEGER  NOT NULL, -- within its shipment, from 1
    size        INTEGER  NOT NULL,
    low         INTEGER NOT NULL,
    weight_g    INTEGER  NOT NULL, -- 0 when unknown
    reference   TEXT    NOT NULL,
    token       TEXT    NOT NULL UNIQUE, -- 128 random bits: whoever has it may follow the parcel
    state       TEXT    NOT NULL,
    hold        TEXT    NOT NULL, -- empty, or why the hub will not send it on
    compartment INTEGER  NOT NULL,
    stored      INTEGER  NOT NULL,
    due         INTEGER  NOT NULL, -- when the dwell time ends, as the guard said or the hub reckons; 0 before it is stored
    events      INTEGER  NOT NULL, -- how many custody events it has
    created     INTEGER  NOT NULL,
    changed     INTEGER  NOT NULL,
    live        INTEGER NOT NULL -- not in a final state
) STRICT;
CREATE INDEX parcel_shipment ON parcel (shipment, place);
CREATE INDEX parcel_live ON parcel (locker, carrier) WHERE live;

CREATE TABLE custody_event (
    barcode     TEXT   NOT NULL REFERENCES parcel (barcode),
    number      INTEGER NOT NULL, -- within the parcel, from 1
    id          TEXT   NOT NULL UNIQUE,
    what        TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    before      TEXT   NOT NULL,
    after       TEXT   NOT NULL,
    happened    INTEGER NOT NULL, -- by the clock of whoever saw it: a guard's lower bound, or the hub's
    received    INTEGER NOT NULL, -- by the hub's clock
    proof       TEXT   NOT NULL, -- record, scan, claim
    locker      TEXT   NOT NULL,
    record      INTEGER NOT NULL, -- number in the locker's journal; 0 without
    due         INTEGER NOT NULL, -- when the dwell time ends, where the event says so; 0 elsewhere
    compartment INTEGER NOT NULL,
    PRIMARY KEY (barcode, number)
) STRICT;
CREATE UNIQUE INDEX custody_event_record ON custody_event (locker, record, barcode) WHERE record > 0;

-- Ciphertext only, deleted on the notifier's word.
CREATE TABLE sealed_contact (
    barcode TEXT   NOT NULL PRIMARY KEY,
    sealed  BLOB  NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX sealed_contact_created ON sealed_contact (created, barcode);

-- Uploads, whole, as evidence. A heartbeat that is kept has first = last + 1.
CREATE TABLE upload (
    cursor   INTEGER NOT NULL PRIMARY KEY, -- rises in the order of commits
    locker   TEXT   NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    received INTEGER NOT NULL,
    stretch  BLOB  NOT NULL -- CBOR of a journal.Stretch
) STRICT;
CREATE INDEX upload_locker ON upload (locker, last);

-- One row: the last cursor given.
CREATE TABLE upload_cursor (
    id   INTEGER NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;
INSERT INTO upload_cursor (id, last) VALUES (1, 0);

-- +goose Down
DROP TABLE upload_cursor;
DROP TABLE upload;
DROP TABLE sealed_contact;
DROP TABLE custody_event;
DROP TABLE parcel;
DROP TABLE serial;
DROP TABLE idempotency;
DROP TABLE shipment;
