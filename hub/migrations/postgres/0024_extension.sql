-- +goose Up
-- How long recipients may let a merchant's parcels wait by their own word, in hours from the deposit on. No row: they may not.
CREATE TABLE merchant_extension (
    merchant    TEXT    NOT NULL PRIMARY KEY REFERENCES merchant (id),
    dwell_hours BIGINT NOT NULL
);

-- +goose Down
DROP TABLE merchant_extension;
