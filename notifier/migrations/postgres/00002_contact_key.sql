-- +goose Up
-- Which key signs the contacts of a number range. Ranges do not overlap.
CREATE TABLE contact_key (
  prefix    TEXT PRIMARY KEY, -- the first digits of its barcodes
  statement BYTEA NOT NULL    -- canonical CBOR of the statement.ContactKey that was believed last
);

ALTER TABLE feed ADD COLUMN contact_keys BIGINT NOT NULL DEFAULT 0; -- the hub's number of the last contact key read

ALTER TABLE deposit ADD COLUMN code_record BIGINT NOT NULL DEFAULT 0; -- the record that sealed the code: "stored" or the last "reissued"
ALTER TABLE deposit ADD COLUMN reissues    BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deposit ADD COLUMN reason      TEXT    NOT NULL DEFAULT ''; -- why operators last opened the door
UPDATE deposit SET code_record = record;

ALTER TABLE notice ADD COLUMN reason TEXT NOT NULL DEFAULT ''; -- the operators', where the notice tells of an override

ALTER TABLE locker ADD COLUMN lockdown BIGINT NOT NULL DEFAULT 0; -- the record that began it; 0 for none

-- +goose Down
ALTER TABLE locker DROP COLUMN lockdown;
ALTER TABLE notice DROP COLUMN reason;
ALTER TABLE deposit DROP COLUMN reason;
ALTER TABLE deposit DROP COLUMN reissues;
ALTER TABLE deposit DROP COLUMN code_record;
ALTER TABLE feed DROP COLUMN contact_keys;
DROP TABLE contact_key;
