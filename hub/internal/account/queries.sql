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

-- name: AddNotifierToken :exec
INSERT INTO notifier_token (digest, created) VALUES ($1, $2);

-- name: DropNotifierTokens :exec
DELETE FROM notifier_token;

-- name: NotifierToken :one
SELECT created FROM notifier_token WHERE digest = $1;

-- name: SetCarrierToken :exec
INSERT INTO carrier_token (carrier, digest, created) VALUES ($1, $2, $3)
ON CONFLICT (carrier) DO UPDATE SET digest = excluded.digest, created = excluded.created;

-- name: CarrierOfToken :one
SELECT carrier FROM carrier_token WHERE digest = $1;

-- name: AddAudit :exec
INSERT INTO audit (id, at, actor, act, subject) VALUES ($1, $2, $3, $4, $5);

-- name: Audits :many
SELECT * FROM audit ORDER BY id DESC LIMIT $1;
