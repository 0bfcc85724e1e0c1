-- +goose Up
-- What it costs to send a parcel, as the operator's price list says. Both tables are replaced as a whole.
CREATE TABLE tariff_lane (
    from_city    BIGINT NOT NULL, -- 0: wherever it comes from
    to_city      BIGINT NOT NULL, -- 0 where locker says where it goes
    locker       TEXT NOT NULL,    -- '' for all of to_city
    zone         BIGINT NOT NULL,
    coefficient  BIGINT NOT NULL, -- thousandths; prices are multiplied by it
    days_min     BIGINT NOT NULL,
    days_max     BIGINT NOT NULL,
    priority_min BIGINT NOT NULL, -- days; 0 where there is no faster way
    priority_max BIGINT NOT NULL,
    PRIMARY KEY (from_city, to_city, locker)
);

CREATE TABLE tariff_price (
    zone     BIGINT NOT NULL,
    priority BOOLEAN NOT NULL,
    size     BIGINT NOT NULL,
    max_g    BIGINT NOT NULL, -- up to this weight
    name     TEXT NOT NULL,    -- of the service, as shops see it
    price    BIGINT NOT NULL, -- hundredths of the currency, VAT within
    vat      BIGINT NOT NULL, -- percent; -1 for none
    PRIMARY KEY (zone, priority, size, max_g)
);

-- +goose Down
DROP TABLE tariff_price;
DROP TABLE tariff_lane;
