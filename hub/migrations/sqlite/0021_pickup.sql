-- +goose Up
-- What merchants ask couriers to fetch from them.
CREATE TABLE pickup (
    number      INTEGER NOT NULL PRIMARY KEY,
    merchant    TEXT NOT NULL,
    carrier     TEXT NOT NULL,
    key         TEXT NOT NULL, -- the merchant's idempotency key
    body        BLOB NOT NULL, -- digest of the request that came with it
    reference   TEXT NOT NULL, -- the merchant's own number for it
    city        TEXT NOT NULL,
    region      TEXT NOT NULL,
    address     TEXT NOT NULL,
    day         TEXT NOT NULL, -- like 2026-11-30, in Moscow
    from_minute INTEGER NOT NULL, -- of that day
    to_minute   INTEGER NOT NULL,
    places      INTEGER NOT NULL,
    weight_g    INTEGER NOT NULL, -- of all together; 0 for unknown
    comment     TEXT NOT NULL,
    contact     BLOB, -- whom to ask for, sealed to the notifier; NULL once the order is over
    state       TEXT NOT NULL, -- ordered, assigned, done, cancelled
    created     INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    actor       TEXT NOT NULL, -- who changed it last
    UNIQUE (merchant, key)
) STRICT;
CREATE INDEX pickup_merchant ON pickup (merchant, number);
CREATE INDEX pickup_day ON pickup (day, number);
CREATE INDEX pickup_contact ON pickup (day) WHERE contact IS NOT NULL;

-- The last number given.
CREATE TABLE pickup_number (
    id   INTEGER NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;
INSERT INTO pickup_number (id, last) VALUES (1, 30000000);

-- +goose Down
DROP TABLE pickup_number;
DROP TABLE pickup;
