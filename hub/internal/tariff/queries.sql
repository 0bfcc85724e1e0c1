-- name: DropLanes :exec
DELETE FROM tariff_lane;

-- name: AddLane :execrows
INSERT INTO tariff_lane (from_city, to_city, locker, zone, coefficient, days_min, days_max, priority_min, priority_max) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (from_city, to_city, locker) DO NOTHING;

-- name: LanesFrom :many
SELECT * FROM tariff_lane WHERE from_city = $1 OR from_city = 0;

-- name: DropPrices :exec
DELETE FROM tariff_price;

-- name: AddPrice :execrows
INSERT INTO tariff_price (zone, priority, size, max_g, name, price, vat) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (zone, priority, size, max_g) DO NOTHING;

-- name: Prices :many
SELECT * FROM tariff_price ORDER BY zone, priority, size, max_g;

-- name: Lanes :many
SELECT * FROM tariff_lane ORDER BY from_city, to_city, locker;
