-- +goose Up
-- What a locker's records say of it as a whole: see fleet.Standing.
ALTER TABLE locker ADD COLUMN guards BIGINT NOT NULL DEFAULT 1; -- how many guards it has had; each has a journal of its own
ALTER TABLE locker ADD COLUMN paused BIGINT NOT NULL DEFAULT 0; -- when the pause ends, reckoned; 0 when there is none
ALTER TABLE locker ADD COLUMN lockdown BIGINT NOT NULL DEFAULT 0; -- the record that began it; 0 when there is none
ALTER TABLE locker ADD COLUMN lockdown_hash BYTEA;
ALTER TABLE locker ADD COLUMN lockdown_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE locker ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0; -- of the charter its guard goes by
ALTER TABLE locker ADD COLUMN technician TEXT NOT NULL DEFAULT ''; -- whose session goes on

ALTER TABLE compartment ADD COLUMN board BIGINT NOT NULL DEFAULT 0; -- index in the locker certificate
ALTER TABLE compartment ADD COLUMN blocked BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE compartment ADD COLUMN untested BOOLEAN NOT NULL DEFAULT FALSE;

ALTER TABLE locker_line ADD COLUMN moved BIGINT NOT NULL DEFAULT 0; -- when records last came, by the hub's clock
ALTER TABLE locker_line ADD COLUMN ahead BYTEA; -- the furthest head that is ahead of the records, whole

ALTER TABLE alarm ADD COLUMN evidence BYTEA;

-- How often a guard refused something, by day (UTC) of its lower bound of the time.
CREATE TABLE refusal (
    locker TEXT    NOT NULL,
    day    BIGINT NOT NULL, -- since 1970
    what   TEXT    NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (locker, day, what)
);

-- A numbered statement that somebody asked for: a restriction or a permit, and what became of it.
CREATE TABLE request (
    locker  TEXT    NOT NULL,
    number  BIGINT NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL, -- a barcode, compartments, a courier's key
    content BYTEA    NOT NULL, -- CBOR of the restriction without its number; empty for a permit
    actor   TEXT    NOT NULL,
    made    BIGINT NOT NULL,
    decided BIGINT NOT NULL DEFAULT 0, -- 0 while it waits
    refused TEXT    NOT NULL DEFAULT '', -- why, where the guard refused
    PRIMARY KEY (locker, number, made)
);
CREATE INDEX request_subject ON request (subject, made);

-- What several persons have signed for a locker, until a record proves it or the guard refuses it for good.
CREATE TABLE cosigned (
    locker  TEXT    NOT NULL,
    kind    TEXT    NOT NULL, -- charter, lift
    mark    BIGINT NOT NULL, -- the charter's epoch, the lockdown's record
    bundle  BYTEA    NOT NULL,
    actor   TEXT    NOT NULL,
    made    BIGINT NOT NULL,
    decided BIGINT NOT NULL DEFAULT 0, -- 0 while it waits
    refused TEXT    NOT NULL DEFAULT '', -- what the guard last said against it
    PRIMARY KEY (locker, kind, mark)
);

ALTER TABLE parcel ADD COLUMN outbound BOOLEAN NOT NULL DEFAULT FALSE; -- a customer puts it in, its carrier takes it away

-- Which of its locker's guards wrote the journal, from 1.
ALTER TABLE upload ADD COLUMN guard BIGINT NOT NULL DEFAULT 1;
ALTER TABLE custody_event ADD COLUMN guard BIGINT NOT NULL DEFAULT 1;
DROP INDEX custody_event_record;
CREATE UNIQUE INDEX custody_event_record ON custody_event (locker, guard, record, barcode) WHERE record > 0;

-- The signed scan that proves an event.
CREATE TABLE scan (
    barcode  TEXT    NOT NULL,
    number   BIGINT NOT NULL, -- of the event
    envelope BYTEA    NOT NULL,
    PRIMARY KEY (barcode, number)
);

-- +goose Down
DROP TABLE scan;
DROP INDEX custody_event_record;
ALTER TABLE custody_event DROP COLUMN guard;
CREATE UNIQUE INDEX custody_event_record ON custody_event (locker, record, barcode) WHERE record > 0;
ALTER TABLE upload DROP COLUMN guard;
ALTER TABLE parcel DROP COLUMN outbound;
DROP TABLE cosigned;
DROP TABLE request;
DROP TABLE refusal;
ALTER TABLE alarm DROP COLUMN evidence;
ALTER TABLE locker_line DROP COLUMN ahead;
ALTER TABLE locker_line DROP COLUMN moved;
ALTER TABLE compartment DROP COLUMN untested;
ALTER TABLE compartment DROP COLUMN blocked;
ALTER TABLE compartment DROP COLUMN board;
ALTER TABLE locker DROP COLUMN technician;
ALTER TABLE locker DROP COLUMN epoch;
ALTER TABLE locker DROP COLUMN lockdown_reason;
ALTER TABLE locker DROP COLUMN lockdown_hash;
ALTER TABLE locker DROP COLUMN lockdown;
ALTER TABLE locker DROP COLUMN paused;
ALTER TABLE locker DROP COLUMN guards;
