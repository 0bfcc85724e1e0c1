-- name: TakeNumbers :one
UPDATE pickup_number SET last = last + CAST(sqlc.arg(count) AS BIGINT) WHERE id = 1 RETURNING last;

-- name: AddOrder :exec
INSERT INTO pickup (number, merchant, carrier, key, body, reference, city, region, address, day, from_minute, to_minute, places, weight_g, comment, contact, state, created, changed, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);

-- name: OrderOfKey :one
SELECT * FROM pickup WHERE merchant = $1 AND key = $2;

-- name: OrderNumbered :one
SELECT * FROM pickup WHERE number = $1;

-- name: OrdersBefore :many
SELECT * FROM pickup WHERE merchant = sqlc.arg(merchant) AND number < sqlc.arg(before) ORDER BY number DESC LIMIT sqlc.arg(at_most);

-- name: OrdersOn :many
SELECT * FROM pickup WHERE state IN ('ordered', 'assigned') AND (CAST(sqlc.arg(on_day) AS TEXT) = '' OR day = CAST(sqlc.arg(on_day) AS TEXT)) ORDER BY day, from_minute, number LIMIT sqlc.arg(at_most);

-- name: Move :execrows
UPDATE pickup SET state = sqlc.arg(after), changed = sqlc.arg(changed), actor = sqlc.arg(actor) WHERE number = sqlc.arg(number) AND state = sqlc.arg(before);

-- name: DropContact :exec
UPDATE pickup SET contact = NULL WHERE number = $1;

-- name: DropContactsBefore :exec
UPDATE pickup SET contact = NULL WHERE contact IS NOT NULL AND day < $1;
