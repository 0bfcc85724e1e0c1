-- +goose Up
-- Who has the code of a stay: a digest of what they show, which is a digest of the code's QR secret. It stays after the code is dead, for
-- what they may still ask, and goes with the contact. Empty where the code did not open here.
ALTER TABLE deposit ADD COLUMN holder BYTEA;
CREATE INDEX deposit_holder ON deposit (holder) WHERE holder IS NOT NULL;

-- What a stay's guard has written of its door, for whoever has its code. Nobody's name.
CREATE TABLE door_record (
  locker     TEXT   NOT NULL,
  guard      BIGINT NOT NULL,
  record     BIGINT NOT NULL, -- of that guard's journal
  deposit    BIGINT NOT NULL, -- deposit.record
  kind       TEXT   NOT NULL,
  at         BIGINT NOT NULL, -- µs UTC, the guard's lower bound; 0 while it did not know the time
  carrier    TEXT   NOT NULL,
  credential TEXT   NOT NULL,
  reason     TEXT   NOT NULL,
  PRIMARY KEY (locker, guard, deposit, record)
);

-- +goose Down
DROP TABLE door_record;
DROP INDEX deposit_holder;
ALTER TABLE deposit DROP COLUMN holder;
