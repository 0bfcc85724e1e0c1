-- +goose Up
ALTER TABLE deposit ADD COLUMN unpaid INTEGER NOT NULL DEFAULT 0; -- 1: its guard asks for a payment beside the code, and has heard of none

-- +goose Down
ALTER TABLE deposit DROP COLUMN unpaid;
