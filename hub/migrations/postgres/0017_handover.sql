-- +goose Up
-- How a shipment comes to its carrier, as the merchant announced it.
ALTER TABLE shipment ADD COLUMN way TEXT NOT NULL DEFAULT '';         -- collect, bring, self; '' where nobody said
ALTER TABLE shipment ADD COLUMN from_city TEXT NOT NULL DEFAULT '';
ALTER TABLE shipment ADD COLUMN from_region TEXT NOT NULL DEFAULT '';
ALTER TABLE shipment ADD COLUMN description TEXT NOT NULL DEFAULT ''; -- of what is in it

-- Acts: what a merchant hands to its carrier at a time.
CREATE TABLE handover (
    number    BIGINT NOT NULL PRIMARY KEY,
    merchant  TEXT NOT NULL,
    carrier   TEXT NOT NULL,
    way       TEXT NOT NULL,
    city      TEXT NOT NULL,
    region    TEXT NOT NULL,
    point     TEXT NOT NULL, -- the locker where the lot is handed over; '' elsewhere
    reference TEXT NOT NULL, -- the merchant's own number for it
    created   BIGINT NOT NULL,
    accepted  BIGINT NOT NULL DEFAULT 0, -- when the carrier said that it has it all
    actor     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX handover_merchant ON handover (merchant, number);

CREATE TABLE handover_shipment (
    shipment TEXT NOT NULL PRIMARY KEY,
    handover BIGINT NOT NULL REFERENCES handover (number),
    place    BIGINT NOT NULL -- within the act, from 1
);
CREATE INDEX handover_shipment_handover ON handover_shipment (handover, place);

-- The last number given.
CREATE TABLE handover_number (
    id   BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO handover_number (id, last) VALUES (1, 10000000);

-- +goose Down
DROP TABLE handover_number;
DROP TABLE handover_shipment;
DROP TABLE handover;
ALTER TABLE shipment DROP COLUMN description;
ALTER TABLE shipment DROP COLUMN from_region;
ALTER TABLE shipment DROP COLUMN from_city;
ALTER TABLE shipment DROP COLUMN way;
