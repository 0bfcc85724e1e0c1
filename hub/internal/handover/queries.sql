-- name: NextNumber :one
UPDATE handover_number SET last = last + 1 WHERE id = 1 RETURNING last;

-- name: AddAct :exec
INSERT INTO handover (number, merchant, carrier, way, city, region, point, reference, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: AddShipment :execrows
INSERT INTO handover_shipment (shipment, handover, place) VALUES ($1, $2, $3) ON CONFLICT (shipment) DO NOTHING;

-- name: Act :one
SELECT * FROM handover WHERE number = $1;

-- name: ChangedBetween :many
SELECT s.shipment FROM handover h JOIN handover_shipment s ON s.handover = h.number
WHERE h.merchant = sqlc.arg(merchant) AND (h.created >= sqlc.arg(since) AND h.created < sqlc.arg(until) OR h.accepted >= sqlc.arg(since) AND h.accepted < sqlc.arg(until))
ORDER BY h.number, s.place LIMIT sqlc.arg(at_most);

-- name: ActOf :one
SELECT h.* FROM handover_shipment s JOIN handover h ON h.number = s.handover WHERE s.shipment = $1;

-- name: ShipmentsOf :many
SELECT shipment FROM handover_shipment WHERE handover = $1 ORDER BY place;

-- name: DropShipment :execrows
DELETE FROM handover_shipment WHERE shipment = $1 AND handover IN (SELECT number FROM handover h WHERE h.merchant = sqlc.arg(merchant) AND h.accepted = 0);

-- name: DropEmpty :exec
DELETE FROM handover WHERE number = $1 AND NOT EXISTS (SELECT 1 FROM handover_shipment s WHERE s.handover = number);

-- name: Accept :execrows
UPDATE handover SET accepted = sqlc.arg(accepted), actor = sqlc.arg(actor), word = sqlc.arg(word) WHERE number = sqlc.arg(number) AND accepted = 0;

-- name: Open :many
SELECT * FROM handover WHERE carrier = $1 AND accepted = 0 ORDER BY number DESC LIMIT $2;

-- name: Words :many
SELECT * FROM handover WHERE word <> '' AND number > $1 ORDER BY number LIMIT $2;

-- The query below takes ids of shipments as one text, 36 characters each: arrays are not the same in both engines.

-- name: ActsOf :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(ids) AS TEXT), 1, 36)
    UNION ALL SELECT at + 36, substr(CAST(sqlc.arg(ids) AS TEXT), at + 36, 36) FROM entry WHERE at + 36 <= length(CAST(sqlc.arg(ids) AS TEXT)))
SELECT s.shipment, sqlc.embed(h) FROM handover_shipment s JOIN handover h ON h.number = s.handover
WHERE s.shipment IN (SELECT one FROM entry);

-- name: AddReturnAct :exec
INSERT INTO return_act (number, merchant, carrier, created, actor) VALUES ($1, $2, $3, $4, $5);

-- name: AddReturned :exec
INSERT INTO return_act_parcel (barcode, act, place) VALUES ($1, $2, $3);

-- name: ReturnActs :many
SELECT sqlc.embed(a), p.barcode FROM return_act a JOIN return_act_parcel p ON p.act = a.number
WHERE (CAST(sqlc.arg(merchant) AS TEXT) = '' OR a.merchant = sqlc.arg(merchant)) AND a.number = sqlc.arg(number) ORDER BY p.place;

-- name: ReturnActsBetween :many
SELECT sqlc.embed(a), p.barcode FROM return_act a JOIN return_act_parcel p ON p.act = a.number
WHERE a.merchant = sqlc.arg(merchant) AND a.created >= sqlc.arg(since) AND a.created < sqlc.arg(until) ORDER BY a.number, p.place LIMIT sqlc.arg(at_most);

-- name: ReturnActsOf :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(barcodes) AS TEXT), 1, 12)
    UNION ALL SELECT at + 12, substr(CAST(sqlc.arg(barcodes) AS TEXT), at + 12, 12) FROM entry WHERE at + 12 <= length(CAST(sqlc.arg(barcodes) AS TEXT)))
SELECT barcode, act FROM return_act_parcel WHERE barcode IN (SELECT one FROM entry);

-- name: AddMoneyAct :execrows
INSERT INTO money_act (number, merchant, pay_order, currency, created, actor) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING;

-- name: AddSettled :exec
INSERT INTO money_act_shipment (shipment, act, place, paid, returned) VALUES ($1, $2, $3, $4, $5);

-- name: MoneyActs :many
SELECT sqlc.embed(a), sqlc.embed(s) FROM money_act a JOIN money_act_shipment s ON s.act = a.number
WHERE (CAST(sqlc.arg(merchant) AS TEXT) = '' OR a.merchant = sqlc.arg(merchant)) AND a.number = sqlc.arg(number) ORDER BY s.place;

-- name: MoneyActsBetween :many
SELECT sqlc.embed(a), sqlc.embed(s) FROM money_act a JOIN money_act_shipment s ON s.act = a.number
WHERE a.merchant = sqlc.arg(merchant) AND a.created >= sqlc.arg(since) AND a.created < sqlc.arg(until) ORDER BY a.number, s.place LIMIT sqlc.arg(at_most);

-- name: MoneyTotals :many
SELECT sqlc.embed(a), count(*) AS shipments, CAST(sum(s.paid) AS BIGINT) AS paid, CAST(sum(s.returned) AS BIGINT) AS returned
FROM money_act a JOIN money_act_shipment s ON s.act = a.number
WHERE CAST(sqlc.arg(merchant) AS TEXT) = '' OR a.merchant = sqlc.arg(merchant)
GROUP BY a.number ORDER BY a.number;

-- name: MoneyActsOf :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(ids) AS TEXT), 1, 36)
    UNION ALL SELECT at + 36, substr(CAST(sqlc.arg(ids) AS TEXT), at + 36, 36) FROM entry WHERE at + 36 <= length(CAST(sqlc.arg(ids) AS TEXT)))
SELECT sqlc.embed(a), sqlc.embed(s) FROM money_act_shipment s JOIN money_act a ON a.number = s.act
WHERE s.shipment IN (SELECT one FROM entry);
