-- +goose Up
-- What has to be paid before a shipment's parcels are handed out, and when it was.
ALTER TABLE shipment ADD COLUMN cod_amount BIGINT NOT NULL DEFAULT 0; -- in the currency's smallest unit; 0 for nothing
ALTER TABLE shipment ADD COLUMN cod_currency TEXT NOT NULL DEFAULT ''; -- ISO 4217
ALTER TABLE shipment ADD COLUMN paid BIGINT NOT NULL DEFAULT 0;       -- µs UTC; 0 before
ALTER TABLE shipment ADD COLUMN paid_reference TEXT NOT NULL DEFAULT '';
CREATE INDEX shipment_paid ON shipment (merchant, paid) WHERE paid > 0;

-- What a payment key has signed about each parcel, for the guard of one locker.
CREATE TABLE payment_word (
    barcode  TEXT NOT NULL PRIMARY KEY REFERENCES parcel (barcode),
    locker   TEXT NOT NULL,
    envelope BYTEA NOT NULL
);

-- What a collection takes beside the code, as a manifest says it.
ALTER TABLE expected ADD COLUMN policy BIGINT NOT NULL DEFAULT 0;

-- The bearer token of each process beside the hub, digested.
CREATE TABLE service_token (
    service TEXT NOT NULL PRIMARY KEY, -- notifier, payments
    digest  BYTEA NOT NULL,
    created BIGINT NOT NULL
);
INSERT INTO service_token (service, digest, created) SELECT 'notifier', digest, created FROM notifier_token;
DROP TABLE notifier_token;

-- +goose Down
CREATE TABLE notifier_token (
    digest  BYTEA NOT NULL PRIMARY KEY,
    created BIGINT NOT NULL
);
INSERT INTO notifier_token (digest, created) SELECT digest, created FROM service_token WHERE service = 'notifier';
DROP TABLE service_token;
ALTER TABLE expected DROP COLUMN policy;
DROP TABLE payment_word;
DROP INDEX shipment_paid;
ALTER TABLE shipment DROP COLUMN paid_reference;
ALTER TABLE shipment DROP COLUMN paid;
ALTER TABLE shipment DROP COLUMN cod_currency;
ALTER TABLE shipment DROP COLUMN cod_amount;
