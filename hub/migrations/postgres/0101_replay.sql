-- +goose Up
ALTER TABLE webhook_delivery ADD COLUMN next BIGINT NOT NULL DEFAULT 0; -- when it is tried next, reckoned; 0 when it is not
-- What waits to be sent to an endpoint waits once, however often somebody asks for it.
CREATE UNIQUE INDEX webhook_delivery_waiting ON webhook_delivery (endpoint, message) WHERE state = 'pending';

-- +goose Down
DROP INDEX webhook_delivery_waiting;
ALTER TABLE webhook_delivery DROP COLUMN next;
