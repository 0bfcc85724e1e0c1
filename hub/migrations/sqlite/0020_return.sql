-- +goose Up
-- Which shipment another brings something back of; '' where it is none of ours, and for what goes out.
ALTER TABLE shipment ADD COLUMN return_of TEXT NOT NULL DEFAULT '';
CREATE INDEX shipment_return_of ON shipment (return_of) WHERE return_of <> '';

-- Shops' software asks for many sendings at once by the shop's own numbers.
CREATE INDEX shipment_reference ON shipment (merchant, reference, id);

-- Acts of what carriers hand back to merchants. Their numbers are drawn with those of handovers.
CREATE TABLE return_act (
    number   INTEGER NOT NULL PRIMARY KEY,
    merchant TEXT NOT NULL,
    carrier  TEXT NOT NULL,
    created  INTEGER NOT NULL, -- when the merchant had it again, by actor's word
    actor    TEXT NOT NULL
) STRICT;
CREATE INDEX return_act_merchant ON return_act (merchant, created);

CREATE TABLE return_act_parcel (
    barcode TEXT NOT NULL PRIMARY KEY,
    act     INTEGER NOT NULL REFERENCES return_act (number),
    place   INTEGER NOT NULL -- within the act, from 1
) STRICT;
CREATE INDEX return_act_parcel_act ON return_act_parcel (act, place);

-- +goose Down
DROP TABLE return_act_parcel;
DROP TABLE return_act;
DROP INDEX shipment_reference;
DROP INDEX shipment_return_of;
ALTER TABLE shipment DROP COLUMN return_of;
