-- +goose Up
-- A customer puts it in, and its carrier takes it on to the locker of its shipment; outbound says that the first part is not over.
ALTER TABLE parcel ADD COLUMN onward INTEGER NOT NULL DEFAULT FALSE;
CREATE INDEX parcel_onward ON parcel (barcode) WHERE onward AND outbound AND state = 'withdrawn';

-- +goose Down
DROP INDEX parcel_onward;
ALTER TABLE parcel DROP COLUMN onward;
