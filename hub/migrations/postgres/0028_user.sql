-- +goose Up
-- Persons who sign in to the hub's pages: the operator's staff, and merchants' people.
CREATE TABLE console_user (
    id       TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE, -- as the audit log calls them
    role     TEXT    NOT NULL,        -- admin, dispatcher, support, technician, auditor, merchant
    merchant TEXT    NOT NULL,        -- whose people they are; empty for the operator's
    created  BIGINT NOT NULL,
    ended    BIGINT NOT NULL DEFAULT 0
);

-- The one-time link with which a user makes their next passkey.
CREATE TABLE user_link (
    console_user TEXT    NOT NULL PRIMARY KEY REFERENCES console_user (id),
    digest      BYTEA   NOT NULL UNIQUE, -- SHA-256 of a random token of more than 128 bits
    until        BIGINT NOT NULL
);

CREATE TABLE passkey (
    id         BYTEA   NOT NULL PRIMARY KEY, -- the credential's id
    console_user TEXT    NOT NULL REFERENCES console_user (id),
    name         TEXT    NOT NULL, -- what its owner calls it
    credential   TEXT    NOT NULL, -- JSON of a WebAuthn credential: public key, flags, counter
    created      BIGINT NOT NULL,
    used         BIGINT NOT NULL
);
CREATE INDEX passkey_user ON passkey (console_user);

-- A challenge that is out, until it is answered or over.
CREATE TABLE passkey_challenge (
    digest BYTEA   NOT NULL PRIMARY KEY,
    session TEXT    NOT NULL, -- JSON of what the answer is checked against
    until   BIGINT NOT NULL
);

CREATE TABLE user_session (
    digest      BYTEA   NOT NULL PRIMARY KEY, -- SHA-256 of the cookie
    console_user TEXT    NOT NULL REFERENCES console_user (id),
    begun        BIGINT NOT NULL,
    until        BIGINT NOT NULL
);
CREATE INDEX user_session_user ON user_session (console_user);

-- +goose Down
DROP TABLE user_session;
DROP TABLE passkey_challenge;
DROP TABLE passkey;
DROP TABLE user_link;
DROP TABLE console_user;
