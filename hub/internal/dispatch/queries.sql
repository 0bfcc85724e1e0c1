-- name: Expect :exec
INSERT INTO expected (barcode, locker, carrier, size, dwell_hours, low, policy) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (barcode) DO NOTHING;

-- name: ExpectPaid :exec
UPDATE expected SET policy = 0 WHERE barcode = $1;

-- name: Forget :exec
DELETE FROM expected WHERE barcode = $1;

-- name: Waiting :many
SELECT locker, carrier FROM expected WHERE until < sqlc.arg(before) GROUP BY locker, carrier ORDER BY locker, carrier LIMIT 100;

-- name: WaitingAt :many
SELECT * FROM expected WHERE locker = $1 AND carrier = $2 AND until < sqlc.arg(before) ORDER BY barcode LIMIT $3;

-- name: NextNumber :one
INSERT INTO down_stream (locker, last) VALUES ($1, 1)
ON CONFLICT (locker) DO UPDATE SET last = down_stream.last + 1 RETURNING last;

-- name: AddDown :exec
INSERT INTO down (locker, number, envelope, made) VALUES ($1, $2, $3, $4);

-- name: AddDownParcel :exec
INSERT INTO down_parcel (locker, number, barcode) VALUES ($1, $2, $3);

-- name: Name :exec
UPDATE expected SET number = $2, until = $3 WHERE barcode = $1;

-- name: Down :many
SELECT number, envelope FROM down WHERE locker = $1 AND number > $2 ORDER BY number LIMIT $3;

-- name: DownParcels :many
SELECT barcode FROM down_parcel WHERE locker = $1 AND number = $2 ORDER BY barcode;

-- name: DropDownParcels :exec
DELETE FROM down_parcel WHERE locker = $1 AND number = $2;

-- name: Unname :exec
UPDATE expected SET number = 0, until = sqlc.arg(until) WHERE locker = $1 AND number = $2;

-- name: DropTaken :exec
DELETE FROM down WHERE locker = $1 AND number < $2 AND made < sqlc.arg(before);

-- name: ExpectedAt :many
SELECT barcode FROM expected WHERE locker = $1 ORDER BY barcode;

-- name: AddRequest :exec
INSERT INTO request (locker, number, kind, subject, content, actor, made) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: SameWaiting :one
SELECT * FROM request WHERE locker = $1 AND kind = $2 AND content = $3 AND decided = 0 ORDER BY made DESC LIMIT 1;

-- name: WaitingRequest :one
SELECT * FROM request WHERE locker = $1 AND number = $2 AND decided = 0 LIMIT 1;

-- name: AskedSince :one
SELECT CAST(COUNT(*) AS BIGINT) AS count FROM request WHERE locker = $1 AND kind = $2 AND subject = $3 AND refused = '' AND made > $4;

-- name: Decide :exec
UPDATE request SET decided = sqlc.arg(decided), refused = sqlc.arg(refused) WHERE locker = $1 AND number = $2 AND decided = 0;

-- name: DecideAll :exec
UPDATE request SET decided = sqlc.arg(decided), refused = sqlc.arg(refused) WHERE locker = $1 AND decided = 0;

-- name: Requests :many
SELECT * FROM request WHERE subject = $1 ORDER BY made DESC, number DESC LIMIT $2;

-- name: RequestsAt :many
SELECT * FROM request WHERE locker = $1 ORDER BY made DESC, number DESC LIMIT $2;

-- name: DropRequests :exec
DELETE FROM request WHERE decided > 0 AND made < sqlc.arg(before);

-- name: Blank :exec
DELETE FROM down WHERE locker = $1 AND number = $2;

-- name: DropDown :exec
DELETE FROM down WHERE locker = $1;

-- name: DropAllDownParcels :exec
DELETE FROM down_parcel WHERE locker = $1;

-- name: DropStream :exec
DELETE FROM down_stream WHERE locker = $1;

-- name: UnnameAll :exec
UPDATE expected SET number = 0, until = 0 WHERE locker = $1;

-- name: AddCosigned :execrows
INSERT INTO cosigned (locker, kind, mark, bundle, actor, made) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (locker, kind, mark) DO UPDATE SET bundle = excluded.bundle, actor = excluded.actor, made = excluded.made, decided = 0, refused = ''
WHERE cosigned.decided > 0;

-- name: NextCosigned :one
SELECT * FROM cosigned WHERE locker = $1 AND decided = 0 ORDER BY kind, mark LIMIT 1;

-- name: Cosigned :many
SELECT * FROM cosigned WHERE locker = $1 ORDER BY made DESC LIMIT 20;

-- name: Prove :exec
UPDATE cosigned SET decided = sqlc.arg(decided), refused = '' WHERE locker = $1 AND kind = $2 AND mark <= $3 AND decided = 0;

-- name: Judge :exec
UPDATE cosigned SET decided = sqlc.arg(decided), refused = sqlc.arg(refused) WHERE locker = $1 AND kind = $2 AND mark = $3 AND decided = 0;

-- name: DropCosigned :exec
DELETE FROM cosigned WHERE locker = $1;
