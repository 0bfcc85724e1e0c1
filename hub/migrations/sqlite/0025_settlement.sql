-- +goose Up
-- The act by which a merchant got what was paid for a shipment; 0 before.
ALTER TABLE shipment ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
CREATE INDEX shipment_unsettled ON shipment (merchant, paid) WHERE paid > 0 AND settled = 0;

-- Acts of what was paid on collection and is transferred to merchants. Their numbers are drawn with those of handovers.
CREATE TABLE money_act (
    number    INTEGER NOT NULL PRIMARY KEY,
    merchant  TEXT NOT NULL,
    pay_order TEXT NOT NULL, -- number of the payment order by which it was transferred
    currency  TEXT NOT NULL, -- ISO 4217
    created   INTEGER NOT NULL,
    actor     TEXT NOT NULL
) STRICT;
CREATE INDEX money_act_merchant ON money_act (merchant, created);
CREATE UNIQUE INDEX money_act_order ON money_act (merchant, pay_order);

CREATE TABLE money_act_shipment (
    shipment TEXT NOT NULL PRIMARY KEY,
    act      INTEGER NOT NULL REFERENCES money_act (number),
    place    INTEGER NOT NULL, -- within the act, from 1
    paid     INTEGER NOT NULL, -- in the currency's smallest unit
    returned INTEGER NOT NULL  -- of it, for what came back
) STRICT;
CREATE INDEX money_act_shipment_act ON money_act_shipment (act, place);

-- +goose Down
DROP TABLE money_act_shipment;
DROP TABLE money_act;
DROP INDEX shipment_unsettled;
ALTER TABLE shipment DROP COLUMN settled;
