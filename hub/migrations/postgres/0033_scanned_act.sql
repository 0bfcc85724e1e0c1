-- +goose Up
-- The word of the courier who took what is on an act, signed by their phone: a courier.Word in JSON; '' where the operator said so.
ALTER TABLE handover ADD COLUMN word TEXT NOT NULL DEFAULT '';
CREATE INDEX handover_open ON handover (carrier, number) WHERE accepted = 0;

-- +goose Down
DROP INDEX handover_open;
ALTER TABLE handover DROP COLUMN word;
