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

-- name: SetServiceToken :exec
INSERT INTO service_token (service, digest, created) VALUES ($1, $2, $3)
ON CONFLICT (service) DO UPDATE SET digest = excluded.digest, created = excluded.created;

-- name: ServiceToken :one
SELECT created FROM service_token WHERE service = $1 AND digest = $2;

-- name: SetCarrierToken :exec
INSERT INTO carrier_token (carrier, digest, created) VALUES ($1, $2, $3)
ON CONFLICT (carrier) DO UPDATE SET digest = excluded.digest, created = excluded.created;

-- name: CarrierOfToken :one
SELECT carrier FROM carrier_token WHERE digest = $1;

-- name: AddAudit :exec
INSERT INTO audit (id, at, actor, act, subject) VALUES ($1, $2, $3, $4, $5);

-- name: Audits :many
SELECT * FROM audit ORDER BY id DESC LIMIT $1;

-- name: SetLogin :exec
INSERT INTO merchant_login (login, merchant, contract, digest, created) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (login) DO UPDATE SET contract = excluded.contract, digest = excluded.digest;

-- name: LoginNamed :one
SELECT * FROM merchant_login WHERE login = $1;

-- name: LoginOfContract :one
SELECT * FROM merchant_login WHERE contract = $1;

-- name: Logins :many
SELECT * FROM merchant_login ORDER BY login;

-- name: DropLogin :execrows
DELETE FROM merchant_login WHERE login = $1;

-- name: AddSession :exec
INSERT INTO merchant_session (digest, login, until) VALUES ($1, $2, $3);

-- name: Session :one
SELECT sqlc.embed(m), l.contract FROM merchant_session s JOIN merchant_login l ON l.login = s.login JOIN merchant m ON m.id = l.merchant
WHERE s.digest = sqlc.arg(digest) AND s.until > CAST(sqlc.arg(now) AS BIGINT);

-- name: DropSession :execrows
DELETE FROM merchant_session WHERE digest = $1;

-- name: DropSessionsOf :exec
DELETE FROM merchant_session WHERE login = $1;

-- name: DropSessionsUntil :exec
DELETE FROM merchant_session WHERE until <= $1;

-- name: SetExtension :exec
INSERT INTO merchant_rule (merchant, dwell_hours, redirect_km) VALUES ($1, $2, 0) ON CONFLICT (merchant) DO UPDATE SET dwell_hours = excluded.dwell_hours;

-- name: SetRedirect :exec
INSERT INTO merchant_rule (merchant, dwell_hours, redirect_km) VALUES ($1, 0, $2) ON CONFLICT (merchant) DO UPDATE SET redirect_km = excluded.redirect_km;

-- name: Rule :one
SELECT * FROM merchant_rule WHERE merchant = $1;
