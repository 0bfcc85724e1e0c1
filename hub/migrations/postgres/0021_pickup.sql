-- +goose Up
-- What merchants ask couriers to fetch from them.
CREATE TABLE pickup (
    number      BIGINT NOT NULL PRIMARY KEY,
    merchant    TEXT NOT NULL,
    carrier     TEXT NOT NULL,
    key         TEXT NOT NULL, -- the merchant's idempotency key
    body        BYTEA NOT NULL, -- digest of the request that came with it
    reference   TEXT NOT NULL, -- the merchant's own number for it
    city        TEXT NOT NULL,
    region      TEXT NOT NULL,
    address     TEXT NOT NULL,
    day         TEXT NOT NULL, -- like 2026-11-30, in Moscow
    from_minute BIGINT NOT NULL, -- of that day
    to_minute   BIGINT NOT NULL,
    places      BIGINT NOT NULL,
    weight_g    BIGINT NOT NULL, -- of all together; 0 for unknown
    comment     TEXT NOT NULL,
    contact     BYTEA, -- whom to ask for, sealed to the notifier; NULL once the order is over
    state       TEXT NOT NULL, -- ordered, assigned, done, cancelled
    created     BIGINT NOT NULL,
    changed     BIGINT NOT NULL,
    actor       TEXT NOT NULL, -- who changed it last
    UNIQUE (merchant, key)
);
CREATE INDEX pickup_merchant ON pickup (merchant, number);
CREATE INDEX pickup_day ON pickup (day, number);
CREATE INDEX pickup_contact ON pickup (day) WHERE contact IS NOT NULL;

-- The last number given.
CREATE TABLE pickup_number (
    id   BIGINT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);
INSERT INTO pickup_number (id, last) VALUES (1, 30000000);

-- +goose Down
DROP TABLE pickup_number;
DROP TABLE pickup;
