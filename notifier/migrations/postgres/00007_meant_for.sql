-- +goose Up
ALTER TABLE parcel ADD COLUMN meant_for TEXT NOT NULL DEFAULT ''; -- the locker it was announced for; empty where the hub did not say

-- +goose Down
ALTER TABLE parcel DROP COLUMN meant_for;
