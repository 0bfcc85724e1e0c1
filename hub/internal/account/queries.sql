-- name: AddMerchant :exec
INSERT INTO merchant (id, name, number_range, carrier, created) VALUES ($1, $2, $3, $4, $5);

-- name: LastRange :one
SELECT CAST(COALESCE(MAX(number_range), '') AS TEXT) FROM merchant;

-- name: Merchants :many
SELECT * FROM merchant ORDER BY name;

-- name: Merchant :one
SELECT * FROM merchant WHERE id = $1;

-- name: AddKey :exec
INSERT INTO merchant_key (id, merchant, name, digest, created) VALUES ($1, $2, $3, $4, $5);

-- name: MerchantOfKey :one
SELECT sqlc.embed(m), k.id, k.used FROM merchant_key k JOIN merchant m ON m.id = k.merchant WHERE k.digest = $1 AND k.ended = 0;

-- name: UseKey :exec
UPDATE merchant_key SET used = $2 WHERE id = $1;

-- name: Keys :many
SELECT * FROM merchant_key WHERE merchant = $1 AND ended = 0 ORDER BY created, id;

-- name: EndKey :execrows
UPDATE merchant_key SET ended = $3 WHERE id = $1 AND merchant = $2 AND ended = 0;

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

-- name: AddUser :exec
INSERT INTO console_user (id, name, role, merchant, created) VALUES ($1, $2, $3, $4, $5);

-- name: UserNamed :one
SELECT * FROM console_user WHERE name = $1;

-- name: UserWithID :one
SELECT * FROM console_user WHERE id = $1;

-- name: Users :many
SELECT sqlc.embed(u), CAST(COUNT(p.id) AS BIGINT) AS passkeys, CAST(COALESCE(MAX(p.used), 0) AS BIGINT) AS used
FROM console_user u LEFT JOIN passkey p ON p.console_user = u.id
WHERE CAST(sqlc.arg(merchant) AS TEXT) = '*' OR u.merchant = sqlc.arg(merchant) GROUP BY u.id ORDER BY u.name;

-- name: SetRole :execrows
UPDATE console_user SET role = $2 WHERE id = $1 AND ended = 0;

-- name: EndUser :execrows
UPDATE console_user SET ended = $2 WHERE id = $1 AND ended = 0;

-- name: CountAdmins :one
SELECT CAST(COUNT(*) AS BIGINT) FROM console_user WHERE role = 'admin' AND ended = 0;

-- name: SetUserLink :exec
INSERT INTO user_link (console_user, digest, until) VALUES ($1, $2, $3)
ON CONFLICT (console_user) DO UPDATE SET digest = excluded.digest, until = excluded.until;

-- name: UserOfLink :one
SELECT u.* FROM user_link l JOIN console_user u ON u.id = l.console_user
WHERE l.digest = sqlc.arg(digest) AND l.until > CAST(sqlc.arg(now) AS BIGINT) AND u.ended = 0;

-- name: DropUserLink :execrows
DELETE FROM user_link WHERE console_user = $1;

-- name: AddPasskey :exec
INSERT INTO passkey (id, console_user, name, credential, created, used) VALUES ($1, $2, $3, $4, $5, $6);

-- name: UsePasskey :execrows
UPDATE passkey SET credential = $2, used = $3 WHERE id = $1;

-- name: Passkeys :many
SELECT * FROM passkey WHERE console_user = $1 ORDER BY created, id;

-- name: DropPasskey :execrows
DELETE FROM passkey WHERE id = $1 AND console_user = $2;

-- name: DropPasskeysOf :exec
DELETE FROM passkey WHERE console_user = $1;

-- name: AddChallenge :exec
INSERT INTO passkey_challenge (digest, session, until) VALUES ($1, $2, $3);

-- name: TakeChallenge :one
DELETE FROM passkey_challenge WHERE digest = sqlc.arg(digest) AND until > CAST(sqlc.arg(now) AS BIGINT) RETURNING session;

-- name: DropChallengesUntil :exec
DELETE FROM passkey_challenge WHERE until <= $1;

-- name: AddUserSession :exec
INSERT INTO user_session (digest, console_user, begun, until) VALUES ($1, $2, $3, $4);

-- name: UserOfSession :one
SELECT sqlc.embed(u), s.begun FROM user_session s JOIN console_user u ON u.id = s.console_user
WHERE s.digest = sqlc.arg(digest) AND s.until > CAST(sqlc.arg(now) AS BIGINT) AND u.ended = 0;

-- name: DropUserSession :exec
DELETE FROM user_session WHERE digest = $1;

-- name: DropUserSessionsOf :exec
DELETE FROM user_session WHERE console_user = $1;

-- name: DropUserSessionsUntil :exec
DELETE FROM user_session WHERE until <= $1;

-- name: AuditPage :many
SELECT * FROM audit WHERE id < sqlc.arg(before) ORDER BY id DESC LIMIT $1;

-- name: AuditPageOf :many
SELECT * FROM audit WHERE subject = sqlc.arg(subject) AND id < sqlc.arg(before) ORDER BY id DESC LIMIT $1;

-- name: HoldAdmins :exec
UPDATE console_user SET role = role WHERE role = 'admin' AND ended = 0;
