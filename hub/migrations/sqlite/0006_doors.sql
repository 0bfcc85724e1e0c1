-- +goose Up
-- What a locker's records say of it as a whole: see fleet.Standing.
ALTER TABLE locker ADD COLUMN guards INTEGER NOT NULL DEFAULT 1; -- how many guards it has had; each has a journal of its own
ALTER TABLE locker ADD COLUMN paused INTEGER NOT NULL DEFAULT 0; -- when the pause ends, reckoned; 0 when there is none
ALTER TABLE locker ADD COLUMN lockdown INTEGER NOT NULL DEFAULT 0; -- the record that began it; 0 when there is none
ALTER TABLE locker ADD COLUMN lockdown_hash BLOB;
ALTER TABLE locker ADD COLUMN lockdown_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE locker ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0; -- of the charter its guard goes by
ALTER TABLE locker ADD COLUMN technician TEXT NOT NULL DEFAULT ''; -- whose session goes on

ALTER TABLE compartment ADD COLUMN board INTEGER NOT NULL DEFAULT 0; -- index in the locker certificate
ALTER TABLE compartment ADD COLUMN blocked INTEGER NOT NULL DEFAULT FALSE;
ALTER TABLE compartment ADD COLUMN untested INTEGER NOT NULL DEFAULT FALSE;

ALTER TABLE locker_line ADD COLUMN moved INTEGER NOT NULL DEFAULT 0; -- when records last came, by the hub's clock
ALTER TABLE locker_line ADD COLUMN ahead BLOB; -- the furthest head that is ahead of the records, whole

ALTER TABLE alarm ADD COLUMN evidence BLOB;

-- How often a guard refused something, by day (UTC) of its lower bound of the time.
CREATE TABLE refusal (
    locker TEXT    NOT NULL,
    day    INTEGER NOT NULL, -- since 1970
    what   TEXT    NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (locker, day, what)
) STRICT;

-- A numbered statement that somebody asked for: a restriction or a permit, and what became of it.
CREATE TABLE request (
    locker  TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    subject TEXT    NOT NULL, -- a barcode, compartments, a courier's key
    content BLOB    NOT NULL, -- CBOR of the restriction without its number; empty for a permit
    actor   TEXT    NOT NULL,
    made    INTEGER NOT NULL,
    decided INTEGER NOT NULL DEFAULT 0, -- 0 while it waits
    refused TEXT    NOT NULL DEFAULT '', -- why, where the guard refused
    PRIMARY KEY (locker, number, made)
) STRICT;
CREATE INDEX request_subject ON request (subject, made);

-- What several persons have signed for a locker, until a record proves it or the guard refuses it for good.
CREATE TABLE cosigned (
    locker  TEXT    NOT NULL,
    kind    TEXT    NOT NULL, -- charter, lift
    mark    INTEGER NOT NULL, -- the charter's epoch, the lockdown's record
    bundle  BLOB    NOT NULL,
    actor   TEXT    NOT NULL,
    made    INTEGER NOT NULL,
    decided INTEGER NOT NULL DEFAULT 0, -- 0 while it waits
    refused TEXT    NOT NULL DEFAULT '', -- what the guard last said against it
    PRIMARY KEY (locker, kind, mark)
) STRICT;

ALTER TABLE parcel ADD COLUMN outbound INTEGER NOT NULL DEFAULT FALSE; -- a customer puts it in, its carrier takes it away

-- Which of its locker's guards wrote the journal, from 1.
ALTER TABLE upload ADD COLUMN guard INTEGER NOT NULL DEFAULT 1;
ALTER TABLE custody_event ADD COLUMN guard INTEGER NOT NULL DEFAULT 1;
DROP INDEX custody_event_record;
CREATE UNIQUE INDEX custody_event_record ON custody_event (locker, guard, record, barcode) WHERE record > 0;

-- The signed scan that proves an event.
CREATE TABLE scan (
    barcode  TEXT    NOT NULL,
    number   INTEGER NOT NULL, -- of the event
    envelope BLOB    NOT NULL,
    PRIMARY KEY (barcode, number)
) STRICT;

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
