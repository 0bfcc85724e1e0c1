-- name: Expect :exec
INSERT INTO expected (barcode, locker, carrier, size, dwell_hours, low) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (barcode) DO NOTHING;

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
