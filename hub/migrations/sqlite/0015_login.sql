-- +goose Up
-- Merchants whose software signs in with a name and a password instead of an API key.
CREATE TABLE merchant_login (
    login    TEXT    NOT NULL PRIMARY KEY,
    merchant TEXT    NOT NULL REFERENCES merchant (id),
    contract TEXT    NOT NULL UNIQUE, -- ten digits, by which the merchant's software names its contract
    digest   BLOB    NOT NULL,        -- bcrypt
    created  INTEGER NOT NULL
) STRICT;

CREATE TABLE merchant_session (
    digest BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of a random id
    login  TEXT    NOT NULL REFERENCES merchant_login (login),
    until  INTEGER NOT NULL
) STRICT;
CREATE INDEX merchant_session_until ON merchant_session (until);

-- +goose Down
DROP TABLE merchant_session;
DROP TABLE merchant_login;
