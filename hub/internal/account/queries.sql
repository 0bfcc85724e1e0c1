-- name: AddMerchant :exec
INSERT INTO merchant (id, name, number_range, carrier, created) VALUES ($1, $2, $3, $4, $5);

-- name: LastRange :one
SELECT CAST(COALESCE(MAX(number_range), '') AS TEXT) FROM merchant;

-- name: Merchants :many
SELECT * FROM merchant ORDER BY name;

-- name: Merchant :one
SELECT * FROM merchant WHERE id = $1;

-- name: AddKey :exec
INSERT INTO merchant_key (id, merchant, digest, created) VALUES ($1, $2, $3, $4);

-- name: MerchantOfKey :one
SELECT m.* FROM merchant_key k JOIN merchant m ON m.id = k.merchant WHERE k.digest = $1 AND k.ended = 0;

-- name: EndKeys :execrows
UPDATE merchant_key SET ended = $2 WHERE merchant = $1 AND ended = 0;

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

-- name: AddNotifierToken :exec
INSERT INTO notifier_token (digest, created) VALUES ($1, $2);

-- name: DropNotifierTokens :exec
DELETE FROM notifier_token;

-- name: NotifierToken :one
SELECT created FROM notifier_token WHERE digest = $1;

-- name: AddAudit :exec
INSERT INTO audit (id, at, actor, act, subject) VALUES ($1, $2, $3, $4, $5);

-- name: Audits :many
SELECT * FROM audit ORDER BY id DESC LIMIT $1;
