-- +goose Up
-- A locker may outlive its guard. Each guard writes a journal of its own from record 1: a record's number says
-- nothing without which of its locker's guards wrote it, counted from 1. There is no way back: the numbers of two guards collide.
ALTER TABLE locker ADD COLUMN guards INTEGER NOT NULL DEFAULT 1; -- how many it has had; the last one's journal is followed
ALTER TABLE locker ADD COLUMN guard  TEXT    NOT NULL DEFAULT ''; -- the id of that one's key; filled with its next upload
CREATE INDEX locker_guard ON locker (guard);

CREATE TABLE former_guard (
  key         TEXT PRIMARY KEY, -- the id of its key: it never comes back, here or at another locker
  locker      TEXT    NOT NULL,
  guard       INTEGER NOT NULL, -- which of the locker's guards it was
  certificate BLOB    NOT NULL, -- statement.Bundle
  position    INTEGER NOT NULL, -- last record verified
  hash        BLOB    NOT NULL, -- its chain hash
  powered     INTEGER NOT NULL, -- of its last head
  ended_at    INTEGER NOT NULL
) STRICT;

ALTER TABLE deposit RENAME TO deposit_before;
DROP INDEX deposit_living;
DROP INDEX deposit_ended;
DROP INDEX deposit_barcode;
CREATE TABLE deposit (
  locker      TEXT    NOT NULL,
  guard       INTEGER NOT NULL,
  record      INTEGER NOT NULL, -- of that guard's journal, kind "stored"
  barcode     TEXT    NOT NULL,
  compartment INTEGER NOT NULL,
  sealed      BLOB,             -- the sealed code; NULL once it opens nothing
  stored_at   INTEGER NOT NULL,
  due         INTEGER NOT NULL,
  door        TEXT    NOT NULL DEFAULT '', -- what the door was last opened for; '' after a proper end
  opened      INTEGER NOT NULL DEFAULT 0,  -- 1: seen open since
  unsure      INTEGER NOT NULL DEFAULT 0,  -- 1: quarantined
  overdue     INTEGER NOT NULL DEFAULT 0,
  ended       TEXT    NOT NULL DEFAULT '',
  ended_at    INTEGER NOT NULL DEFAULT 0,
  code_record INTEGER NOT NULL, -- the record that sealed the code: "stored" or the last "reissued"
  reissues    INTEGER NOT NULL DEFAULT 0,
  reason      TEXT    NOT NULL DEFAULT '', -- why operators last opened the door
  PRIMARY KEY (locker, guard, record)
) STRICT;
INSERT INTO deposit SELECT locker, 1, record, barcode, compartment, sealed, stored_at, due, door, opened, unsure, overdue, ended, ended_at,
  code_record, reissues, reason FROM deposit_before;
DROP TABLE deposit_before;
CREATE INDEX deposit_living ON deposit (locker, compartment) WHERE ended = '';
CREATE INDEX deposit_ended ON deposit (ended_at) WHERE ended <> '';
CREATE INDEX deposit_barcode ON deposit (barcode);

ALTER TABLE notice RENAME TO notice_before;
ALTER TABLE delivery_notice RENAME TO delivery_notice_before;
DROP INDEX notice_waiting;
DROP INDEX notice_barcode;
DROP INDEX delivery_notice_notice;
CREATE TABLE notice (
  id         TEXT PRIMARY KEY,
  locker     TEXT    NOT NULL,
  guard      INTEGER NOT NULL,
  deposit    INTEGER NOT NULL, -- deposit.record
  barcode    TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  fact       INTEGER NOT NULL, -- the record, or the time, that is told of: nothing is told twice
  at         INTEGER NOT NULL, -- when it happened
  not_before INTEGER NOT NULL,
  until      INTEGER NOT NULL, -- pointless afterwards
  reason     TEXT    NOT NULL, -- the operators', where the notice tells of an override
  state      TEXT    NOT NULL, -- waiting · planned · dropped
  UNIQUE (locker, guard, deposit, kind, fact)
) STRICT;
INSERT INTO notice SELECT id, locker, 1, deposit, barcode, kind, fact, at, not_before, until, reason, state FROM notice_before;
CREATE TABLE delivery_notice (
  delivery TEXT NOT NULL REFERENCES delivery (id),
  notice   TEXT NOT NULL REFERENCES notice (id),
  PRIMARY KEY (delivery, notice)
) STRICT;
INSERT INTO delivery_notice SELECT delivery, notice FROM delivery_notice_before;
DROP TABLE delivery_notice_before;
DROP TABLE notice_before;
CREATE INDEX notice_waiting ON notice (not_before) WHERE state = 'waiting';
CREATE INDEX notice_barcode ON notice (barcode);
CREATE INDEX delivery_notice_notice ON delivery_notice (notice);
