-- +goose Up
-- Who looks after an alarm, and who ended it.
ALTER TABLE alarm ADD COLUMN taken BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alarm ADD COLUMN taken_by TEXT NOT NULL DEFAULT '';
ALTER TABLE alarm ADD COLUMN ended_by TEXT NOT NULL DEFAULT '';

-- Doors that somebody has to see to are few among many.
CREATE INDEX compartment_care ON compartment (locker) WHERE faulted OR untested OR state = 'QUARANTINE';
CREATE INDEX shipment_by_reference ON shipment (reference) WHERE reference <> '';
CREATE INDEX parcel_by_reference ON parcel (reference) WHERE reference <> '';
CREATE INDEX audit_subject ON audit (subject, id);

-- +goose Down
DROP INDEX audit_subject;
DROP INDEX parcel_by_reference;
DROP INDEX shipment_by_reference;
DROP INDEX compartment_care;
ALTER TABLE alarm DROP COLUMN ended_by;
ALTER TABLE alarm DROP COLUMN taken_by;
ALTER TABLE alarm DROP COLUMN taken;
