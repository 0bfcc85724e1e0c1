-- +goose Up
ALTER TABLE deposit ADD COLUMN declined INTEGER NOT NULL DEFAULT 0; -- 1: its recipient does not want the parcel

-- +goose Down
ALTER TABLE deposit DROP COLUMN declined;
