-- +goose Up
CREATE TABLE shipment (
    id          TEXT   NOT NULL PRIMARY KEY,
    merchant    TEXT   NOT NULL,
    locker      TEXT   NOT NULL,
    carrier     TEXT   NOT NULL,
    reference   TEXT   NOT NULL,
    dwell_hours BIGINT NOT NULL,
    created     BIGINT NOT NULL
);
CREATE INDEX shipment_merchant ON shipment (merchant, id);

-- One idempotency key of one merchant. body is a keyed digest: the request holds a contact.
CREATE TABLE idempotency (
    merchant TEXT   NOT NULL,
    key      TEXT   NOT NULL,
    body     BYTEA  NOT NULL,
    shipment TEXT   NOT NULL,
    created  BIGINT NOT NULL,
    PRIMARY KEY (merchant, key)
);

-- The next serial of each number range.
CREATE TABLE serial (
    number_range TEXT   NOT NULL PRIMARY KEY,
    next         BIGINT NOT NULL
);

-- state, hold, compartment, stored, due and ended are a fold of custody_event.
CREATE TABLE parcel (
    barcode     TEXT    NOT NULL PRIMARY KEY,
    shipment    TEXT    NOT NULL REFERENCES shipment (id),
    merchant    TEXT    NOT NULL,
    locker      TEXT    NOT NULL,
    carrier     TEXT    NOT NULL,
    place       BIGINT  NOT NULL, -- within its shipment, from 1
    size        BIGINT  NOT NULL,
    low         BOOLEAN NOT NULL,
    weight_g    BIGINT  NOT NULL, -- 0 when unknown
    reference   TEXT    NOT NULL,
    token       TEXT    NOT NULL UNIQUE, -- 128 random bits: whoever has it may follow the parcel
    state       TEXT    NOT NULL,
    hold        TEXT    NOT NULL, -- empty, or why the hub will not send it on
    compartment BIGINT  NOT NULL,
    stored      BIGINT  NOT NULL,
    due         BIGINT  NOT NULL, -- when the dwell time ends, as the guard said or the hub reckons; 0 before it is stored
    events      BIGINT  NOT NULL, -- how many custody events it has
    created     BIGINT  NOT NULL,
    changed     BIGINT  NOT NULL,
    live        BOOLEAN NOT NULL -- not in a final state
);
CREATE INDEX parcel_shipment ON parcel (shipment, place);
CREATE INDEX parcel_live ON parcel (locker, carrier) WHERE live;

CREATE TABLE custody_event (
    barcode     TEXT   NOT NULL REFERENCES parcel (barcode),
    number      BIGINT NOT NULL, -- within the parcel, from 1
    id          TEXT   NOT NULL UNIQUE,
    what        TEXT   NOT NULL,
    actor       TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    before      TEXT   NOT NULL,
    after       TEXT   NOT NULL,
    happened    BIGINT NOT NULL, -- by the clock of whoever saw it: a guard's lower bound, or the hub's
    received    BIGINT NOT NULL, -- by the hub's clock
    proof       TEXT   NOT NULL, -- record, scan, claim
    locker      TEXT   NOT NULL,
    record      BIGINT NOT NULL, -- number in the locker's journal; 0 without
    due         BIGINT NOT NULL, -- when the dwell time ends, where the event says so; 0 elsewhere
    compartment BIGINT NOT NULL,
    PRIMARY KEY (barcode, number)
);
CREATE UNIQUE INDEX custody_event_record ON custody_event (locker, record, barcode) WHERE record > 0;

-- Ciphertext only, deleted on the notifier's word.
CREATE TABLE sealed_contact (
    barcode TEXT   NOT NULL PRIMARY KEY,
    sealed  BYTEA  NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX sealed_contact_created ON sealed_contact (created, barcode);

-- Uploads, whole, as evidence. A heartbeat that is kept has first = last + 1.
CREATE TABLE upload (
    cursor   BIGINT NOT NULL PRIMARY KEY, -- rises in the order of commits
    locker   TEXT   NOT NULL,
    first    BIGINT NOT NULL,
    last     BIGINT NOT NULL,
    received BIGINT NOT NULL,
    stretch  BYTEA  NOT NULL -- CBOR of a journal.Stretch
);
CREATE INDEX upload_locker ON upload (locker, last);

-- One row: the last cursor given.
CREATE TABLE upload_cursor (
    id   BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
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
