-- name: ExpectCourier :execrows
INSERT INTO courier (id, carrier, lockers, deposit, withdraw, token_digest, token_until, device_key, certificate, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (id) DO UPDATE SET lockers = excluded.lockers, deposit = excluded.deposit, withdraw = excluded.withdraw,
    token_digest = excluded.token_digest, token_until = excluded.token_until
WHERE courier.carrier = excluded.carrier;

-- name: Couriers :many
SELECT * FROM courier ORDER BY id;

-- name: Courier :one
SELECT * FROM courier WHERE id = $1;

-- name: CourierOfToken :one
SELECT * FROM courier WHERE token_digest = $1 AND token_until > CAST(sqlc.arg(now) AS BIGINT);

-- name: Enrol :execrows
UPDATE courier SET token_digest = $2, token_until = 0, device_key = $3, certificate = $4, certified_until = $5
WHERE id = $1 AND token_digest = sqlc.arg(used) AND token_until > 0;

-- name: Certify :execrows
UPDATE courier SET certificate = $2, certified_until = $3 WHERE id = $1 AND device_key = $4;

-- name: Release :execrows
UPDATE courier SET token_digest = sqlc.arg(nothing), token_until = 0, device_key = sqlc.arg(nothing), certificate = sqlc.arg(nothing), certified_until = 0
WHERE id = $1 AND device_key = sqlc.arg(was);

-- name: Revoke :execrows
INSERT INTO revocation (carrier, key_id, made) VALUES ($1, $2, $3) ON CONFLICT (carrier, key_id) DO NOTHING;

-- name: CountRevoked :one
SELECT COUNT(*) FROM revocation WHERE carrier = $1;

-- name: Untold :many
SELECT * FROM revocation WHERE told = 0 ORDER BY made;

-- name: Told :exec
UPDATE revocation SET told = $3 WHERE carrier = $1 AND key_id = $2;

-- name: DropRevoked :exec
DELETE FROM revocation WHERE made < sqlc.arg(before);
