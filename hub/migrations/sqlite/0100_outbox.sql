-- +goose Up
-- Where merchants want to be told. The secret signs what is sent, so it is kept as it is.
CREATE TABLE webhook_endpoint (
    id       TEXT    NOT NULL PRIMARY KEY,
    merchant TEXT    NOT NULL,
    url      TEXT    NOT NULL,
    secret   TEXT    NOT NULL,
    types    TEXT    NOT NULL, -- separated by blanks; empty is all
    created  INTEGER NOT NULL,
    failing  INTEGER NOT NULL, -- since when every attempt has failed; 0 when the last one succeeded
    disabled INTEGER NOT NULL, -- when it was given up; 0 while it is in use
    reason   TEXT    NOT NULL  -- why it was given up
) STRICT;
CREATE INDEX webhook_endpoint_merchant ON webhook_endpoint (merchant, id);

-- One message to one endpoint.
CREATE TABLE webhook_delivery (
    id       TEXT    NOT NULL PRIMARY KEY,
    endpoint TEXT    NOT NULL REFERENCES webhook_endpoint (id) ON DELETE CASCADE,
    message  TEXT    NOT NULL, -- webhook-id: the same for every attempt and every endpoint
    type     TEXT    NOT NULL,
    body     BLOB    NOT NULL,
    state    TEXT    NOT NULL, -- pending, delivered, failed
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_delivery_endpoint ON webhook_delivery (endpoint, id);
CREATE INDEX webhook_delivery_created ON webhook_delivery (created);

CREATE TABLE webhook_attempt (
    delivery TEXT    NOT NULL REFERENCES webhook_delivery (id) ON DELETE CASCADE,
    number   INTEGER NOT NULL, -- from 1
    at       INTEGER NOT NULL,
    took     INTEGER NOT NULL, -- µs
    status   INTEGER NOT NULL, -- of the HTTP answer; 0 without one
    failure  TEXT    NOT NULL, -- empty when it was delivered
    PRIMARY KEY (delivery, number)
) STRICT;

-- +goose Down
DROP TABLE webhook_attempt;
DROP TABLE webhook_delivery;
DROP TABLE webhook_endpoint;
