-- +goose Up
-- Persons who sign in to the hub's pages: the operator's staff, and merchants' people.
CREATE TABLE console_user (
    id       TEXT    NOT NULL PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE, -- as the audit log calls them
    role     TEXT    NOT NULL,        -- admin, dispatcher, support, technician, auditor, merchant
    merchant TEXT    NOT NULL,        -- whose people they are; empty for the operator's
    created  INTEGER NOT NULL,
    ended    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The one-time link with which a user makes their next passkey.
CREATE TABLE user_link (
    console_user TEXT    NOT NULL PRIMARY KEY REFERENCES console_user (id),
    digest       BLOB    NOT NULL UNIQUE, -- SHA-256 of a random token of more than 128 bits
    until        INTEGER NOT NULL
) STRICT;

CREATE TABLE passkey (
    id           BLOB    NOT NULL PRIMARY KEY, -- the credential's id
    console_user TEXT    NOT NULL REFERENCES console_user (id),
    name         TEXT    NOT NULL, -- what its owner calls it
    credential   TEXT    NOT NULL, -- JSON of a WebAuthn credential: public key, flags, counter
    created      INTEGER NOT NULL,
    used         INTEGER NOT NULL
) STRICT;
CREATE INDEX passkey_user ON passkey (console_user);

-- A challenge that is out, until it is answered or over.
CREATE TABLE passkey_challenge (
    digest  BLOB    NOT NULL PRIMARY KEY,
    session TEXT    NOT NULL, -- JSON of what the answer is checked against
    until   INTEGER NOT NULL
) STRICT;

CREATE TABLE user_session (
    digest       BLOB    NOT NULL PRIMARY KEY, -- SHA-256 of the cookie
    console_user TEXT    NOT NULL REFERENCES console_user (id),
    begun        INTEGER NOT NULL,
    until        INTEGER NOT NULL
) STRICT;
CREATE INDEX user_session_user ON user_session (console_user);

-- +goose Down
DROP TABLE user_session;
DROP TABLE passkey_challenge;
DROP TABLE passkey;
DROP TABLE user_link;
DROP TABLE console_user;
