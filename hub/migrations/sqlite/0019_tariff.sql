-- +goose Up
-- What it costs to send a parcel, as the operator's price list says. Both tables are replaced as a whole.
CREATE TABLE tariff_lane (
    from_city    INTEGER NOT NULL, -- 0: wherever it comes from
    to_city      INTEGER NOT NULL, -- 0 where locker says where it goes
    locker       TEXT NOT NULL,    -- '' for all of to_city
    zone         INTEGER NOT NULL,
    coefficient  INTEGER NOT NULL, -- thousandths; prices are multiplied by it
    days_min     INTEGER NOT NULL,
    days_max     INTEGER NOT NULL,
    priority_min INTEGER NOT NULL, -- days; 0 where there is no faster way
    priority_max INTEGER NOT NULL,
    PRIMARY KEY (from_city, to_city, locker)
) STRICT;

CREATE TABLE tariff_price (
    zone     INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    size     INTEGER NOT NULL,
    max_g    INTEGER NOT NULL, -- up to this weight
    name     TEXT NOT NULL,    -- of the service, as shops see it
    price    INTEGER NOT NULL, -- hundredths of the currency, VAT within
    vat      INTEGER NOT NULL, -- percent; -1 for none
    PRIMARY KEY (zone, priority, size, max_g)
) STRICT;

-- +goose Down
DROP TABLE tariff_price;
DROP TABLE tariff_lane;
