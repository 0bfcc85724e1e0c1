-- +goose Up
-- Times are microseconds UTC, 0 for "never" or "unknown".

CREATE TABLE feed (
  id        BIGINT PRIMARY KEY CHECK (id = 1),
  cursor    BIGINT NOT NULL,          -- the hub's number of the last upload taken
  looked_at BIGINT NOT NULL DEFAULT 0 -- when we last saw its list of lockers
);
INSERT INTO feed (id, cursor) VALUES (1, 0);

CREATE TABLE locker (
  id           TEXT PRIMARY KEY,
  name         TEXT    NOT NULL DEFAULT '', -- name, address, line: the hub's word, for display only
  address      TEXT    NOT NULL DEFAULT '',
  line         TEXT    NOT NULL DEFAULT '',
  line_since   BIGINT NOT NULL DEFAULT 0,
  dark_from    BIGINT NOT NULL DEFAULT 0,  -- since when every look found it offline
  certificate  BYTEA,                        -- statement.Bundle, from the journal's first record
  position     BIGINT NOT NULL DEFAULT 0,  -- last record verified
  hash         BYTEA,                        -- its chain hash
  powered      BIGINT NOT NULL DEFAULT 0,  -- of the last head
  ahead        BIGINT NOT NULL DEFAULT 0,  -- a head named this position, whose record we do not have
  ahead_since  BIGINT NOT NULL DEFAULT 0,
  stopped      TEXT    NOT NULL DEFAULT '', -- why its journal is no longer believed
  receipt_boot BIGINT NOT NULL DEFAULT 0,
  receipt_at   BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE parcel (
  barcode   TEXT PRIMARY KEY,
  merchant  TEXT    NOT NULL,
  shipment  TEXT    NOT NULL,
  shown     TEXT    NOT NULL, -- the hub's name of the locker it was announced for
  tracking  TEXT    NOT NULL,
  contact   BYTEA,             -- sealed to the notifier's key, as it came; NULL once erased
  pinned_at BIGINT NOT NULL,
  erased_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX parcel_shipment ON parcel (merchant, shipment);

CREATE TABLE deposit (
  locker      TEXT    NOT NULL,
  record      BIGINT NOT NULL, -- of the journal, kind "stored"
  barcode     TEXT    NOT NULL,
  compartment BIGINT NOT NULL,
  sealed      BYTEA,             -- the sealed code; NULL once it opens nothing
  stored_at   BIGINT NOT NULL,
  due         BIGINT NOT NULL,
  door        TEXT    NOT NULL DEFAULT '', -- what the door was last opened for; '' after a proper end
  opened      BIGINT NOT NULL DEFAULT 0,  -- 1: seen open since
  unsure      BIGINT NOT NULL DEFAULT 0,  -- 1: quarantined
  overdue     BIGINT NOT NULL DEFAULT 0,
  ended       TEXT    NOT NULL DEFAULT '',
  ended_at    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (locker, record)
);
CREATE INDEX deposit_living ON deposit (locker, compartment) WHERE ended = '';
CREATE INDEX deposit_ended ON deposit (ended_at) WHERE ended <> '';
CREATE INDEX deposit_barcode ON deposit (barcode);

CREATE TABLE notice (
  id         TEXT PRIMARY KEY,
  locker     TEXT    NOT NULL,
  deposit    BIGINT NOT NULL, -- deposit.record
  barcode    TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  fact       BIGINT NOT NULL, -- the record, or the time, that is told of: nothing is told twice
  at         BIGINT NOT NULL, -- when it happened
  not_before BIGINT NOT NULL,
  until      BIGINT NOT NULL, -- pointless afterwards
  state      TEXT    NOT NULL, -- waiting · planned · dropped
  UNIQUE (locker, deposit, kind, fact)
);
CREATE INDEX notice_waiting ON notice (not_before) WHERE state = 'waiting';
CREATE INDEX notice_barcode ON notice (barcode);

CREATE TABLE delivery (
  id         TEXT PRIMARY KEY,
  channel    TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  state      TEXT    NOT NULL, -- waiting · sent · failed · dropped
  attempts   BIGINT NOT NULL,
  next_at    BIGINT NOT NULL,
  reason     TEXT    NOT NULL, -- of the last failure
  planned_at BIGINT NOT NULL,
  ended_at   BIGINT NOT NULL
);
CREATE INDEX delivery_waiting ON delivery (next_at) WHERE state = 'waiting';
CREATE INDEX delivery_ended ON delivery (ended_at) WHERE state <> 'waiting';

CREATE TABLE delivery_notice (
  delivery TEXT NOT NULL REFERENCES delivery (id),
  notice   TEXT NOT NULL REFERENCES notice (id),
  PRIMARY KEY (delivery, notice)
);
CREATE INDEX delivery_notice_notice ON delivery_notice (notice);

CREATE TABLE alarm (
  id      TEXT PRIMARY KEY,
  at      BIGINT NOT NULL,
  kind    TEXT    NOT NULL,
  locker  TEXT    NOT NULL,
  barcode TEXT    NOT NULL,
  detail  TEXT    NOT NULL
);
CREATE INDEX alarm_locker ON alarm (locker, kind);

CREATE TABLE audit (
  id      TEXT PRIMARY KEY,
  at      BIGINT NOT NULL,
  act     TEXT    NOT NULL,
  barcode TEXT    NOT NULL
);

-- +goose Down
DROP TABLE audit;
DROP TABLE alarm;
DROP TABLE delivery_notice;
DROP TABLE delivery;
DROP TABLE notice;
DROP TABLE deposit;
DROP TABLE parcel;
DROP TABLE locker;
DROP TABLE feed;
