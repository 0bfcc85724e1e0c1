-- +goose Up
-- What a recipient says is wrong with a parcel is an alarm about that parcel, one at a time, with what they wrote beside it.
ALTER TABLE alarm ADD COLUMN parcel TEXT NOT NULL DEFAULT '';
ALTER TABLE alarm ADD COLUMN note TEXT NOT NULL DEFAULT '';
DROP INDEX alarm_open;
CREATE UNIQUE INDEX alarm_open ON alarm (locker, kind, reason, compartment, parcel) WHERE ended = 0;
CREATE UNIQUE INDEX alarm_parcel ON alarm (kind, parcel) WHERE ended = 0 AND parcel <> '';

-- +goose Down
DROP INDEX alarm_parcel;
DROP INDEX alarm_open;
DELETE FROM alarm WHERE parcel <> '';
CREATE UNIQUE INDEX alarm_open ON alarm (locker, kind, reason, compartment) WHERE ended = 0;
ALTER TABLE alarm DROP COLUMN note;
ALTER TABLE alarm DROP COLUMN parcel;
