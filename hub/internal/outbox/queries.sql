-- name: AddEndpoint :exec
INSERT INTO webhook_endpoint (id, merchant, url, secret, types, created, failing, disabled, reason)
VALUES ($1, $2, $3, $4, $5, $6, 0, 0, '');

-- name: CountEndpoints :one
SELECT COUNT(*) FROM webhook_endpoint WHERE merchant = $1;

-- name: Endpoints :many
SELECT * FROM webhook_endpoint WHERE merchant = $1 ORDER BY id;

-- name: Endpoint :one
SELECT * FROM webhook_endpoint WHERE id = $1;

-- name: HoldEndpoint :one
UPDATE webhook_endpoint SET merchant = merchant WHERE id = $1 RETURNING *;

-- name: DropEndpoint :execrows
DELETE FROM webhook_endpoint WHERE id = $1 AND merchant = $2;

-- name: Succeeded :exec
UPDATE webhook_endpoint SET failing = 0 WHERE id = $1 AND failing > 0;

-- name: Failing :exec
UPDATE webhook_endpoint SET failing = $2 WHERE id = $1 AND failing = 0;

-- name: Disable :execrows
UPDATE webhook_endpoint SET disabled = $2, reason = $3 WHERE id = $1 AND disabled = 0;

-- name: AddDelivery :execrows
INSERT INTO webhook_delivery (id, endpoint, message, type, body, state, created, changed, next)
VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6, $6) ON CONFLICT (endpoint, message) WHERE state = 'pending' DO NOTHING;

-- name: Waiting :one
SELECT id FROM webhook_delivery WHERE endpoint = $1 AND message = $2 AND state = 'pending';

-- name: Delivery :one
SELECT sqlc.embed(webhook_delivery), sqlc.embed(webhook_endpoint)
FROM webhook_delivery JOIN webhook_endpoint ON webhook_endpoint.id = webhook_delivery.endpoint WHERE webhook_delivery.id = $1;

-- name: Deliveries :many
SELECT * FROM webhook_delivery
WHERE endpoint = sqlc.arg(endpoint) AND (CAST(sqlc.arg(after) AS TEXT) = '' OR id < sqlc.arg(after))
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR state = sqlc.arg(state))
ORDER BY id DESC LIMIT sqlc.arg(at_most);

-- name: SetDelivery :execrows
UPDATE webhook_delivery SET state = $2, changed = $3, next = 0 WHERE id = $1 AND state = 'pending';

-- name: SetNext :exec
UPDATE webhook_delivery SET next = $2 WHERE id = $1 AND state = 'pending';

-- name: DropDeliveries :execrows
DELETE FROM webhook_delivery WHERE created < $1 AND state <> 'pending';

-- name: AddAttempt :exec
INSERT INTO webhook_attempt (delivery, number, at, took, status, failure) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (delivery, number) DO NOTHING;

-- name: Attempts :many
SELECT webhook_attempt.* FROM webhook_attempt JOIN webhook_delivery ON webhook_delivery.id = webhook_attempt.delivery
WHERE webhook_delivery.endpoint = sqlc.arg(endpoint) AND webhook_delivery.id >= CAST(sqlc.arg(first) AS TEXT) AND webhook_delivery.id <= CAST(sqlc.arg(last) AS TEXT)
ORDER BY webhook_attempt.delivery, webhook_attempt.number;
