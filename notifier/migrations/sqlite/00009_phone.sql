-- +goose Up
-- Contacts are read in their order, to be found by phone. Nothing of a number is stored.
CREATE INDEX parcel_pinned ON parcel (pinned_at, barcode);

-- +goose Down
DROP INDEX parcel_pinned;
