-- +goose Up
ALTER TABLE merchant_key ADD COLUMN name TEXT NOT NULL DEFAULT ''; -- what its merchant calls it
ALTER TABLE merchant_key ADD COLUMN used BIGINT NOT NULL DEFAULT 0;    -- to the hour

-- +goose Down
ALTER TABLE merchant_key DROP COLUMN used;
ALTER TABLE merchant_key DROP COLUMN name;
