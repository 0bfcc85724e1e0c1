-- +goose Up
-- What a merchant leaves to others about its parcels, beside more time: how many kilometres away the next locker may be where one
-- cannot take a parcel; 0 for nowhere. Where no more time is allowed, dwell_hours is 0.
ALTER TABLE merchant_extension RENAME TO merchant_rule;
ALTER TABLE merchant_rule ADD COLUMN redirect_km BIGINT NOT NULL DEFAULT 0;

-- +goose Down
DELETE FROM merchant_rule WHERE dwell_hours = 0;
ALTER TABLE merchant_rule DROP COLUMN redirect_km;
ALTER TABLE merchant_rule RENAME TO merchant_extension;
