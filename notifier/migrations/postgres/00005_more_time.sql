-- +goose Up
ALTER TABLE parcel ADD COLUMN more_time BIGINT NOT NULL DEFAULT 0; -- 1: the hub says that its merchant lets recipients ask for more time

-- +goose Down
ALTER TABLE parcel DROP COLUMN more_time;
