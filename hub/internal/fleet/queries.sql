-- name: AddLocker :execrows
INSERT INTO locker (id, name, address, zone, latitude, longitude, state, code_digest, code_until, fingerprint, guard_key, certificate, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', $10, $11, $12)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, address = excluded.address, zone = excluded.zone,
    latitude = excluded.latitude, longitude = excluded.longitude,
    code_digest = excluded.code_digest, code_until = excluded.code_until;

-- name: AddLine :exec
INSERT INTO locker_line (locker, position, position_hash, heard, since, behind_since, kept, boot, head, powered, low, down)
VALUES ($1, 0, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (locker) DO NOTHING;

-- name: Locker :one
SELECT sqlc.embed(locker), sqlc.embed(locker_line) FROM locker JOIN locker_line ON locker_line.locker = locker.id WHERE locker.id = $1;

-- name: Lockers :many
SELECT sqlc.embed(locker), sqlc.embed(locker_line) FROM locker JOIN locker_line ON locker_line.locker = locker.id
WHERE locker.id > sqlc.arg(after) ORDER BY locker.id LIMIT $1;

-- name: LockersBetween :many
SELECT sqlc.embed(locker), sqlc.embed(locker_line) FROM locker JOIN locker_line ON locker_line.locker = locker.id
WHERE locker.state = 'provisioned' AND locker.latitude >= sqlc.arg(south) AND locker.latitude <= sqlc.arg(north) AND locker_line.heard >= sqlc.arg(heard);

-- name: LockersDark :many
SELECT locker.id FROM locker JOIN locker_line ON locker_line.locker = locker.id
WHERE locker.state = 'provisioned' AND (locker_line.heard < sqlc.arg(before) OR locker.lockdown > 0) ORDER BY locker.id;

-- name: Enrol :execrows
UPDATE locker SET code_digest = sqlc.arg(gone), code_until = 0, fingerprint = sqlc.arg(fingerprint),
    state = CASE WHEN state = 'new' THEN 'enrolled' ELSE state END
WHERE id = sqlc.arg(id) AND code_digest = sqlc.arg(digest) AND code_until > CAST(sqlc.arg(now) AS BIGINT);

-- name: MayEnrol :one
SELECT id FROM locker WHERE id = sqlc.arg(id) AND code_digest = sqlc.arg(digest) AND code_until > CAST(sqlc.arg(now) AS BIGINT);

-- name: Provision :exec
UPDATE locker SET state = 'provisioned', guard_key = $2, certificate = $3, zone = $4 WHERE id = $1;

-- name: Stand :exec
UPDATE locker SET paused = $2, lockdown = $3, lockdown_hash = $4, lockdown_reason = $5, epoch = $6, technician = $7 WHERE id = $1;

-- name: Replace :execrows
UPDATE locker SET state = 'new', guards = guards + 1, fingerprint = '', guard_key = sqlc.arg(gone), certificate = sqlc.arg(gone),
    code_digest = sqlc.arg(code_digest), code_until = sqlc.arg(code_until), paused = 0, lockdown = 0, lockdown_hash = NULL,
    lockdown_reason = '', epoch = 0, technician = '' WHERE id = sqlc.arg(id) AND state = 'provisioned';

-- name: ResetLine :exec
UPDATE locker_line SET position = 0, position_hash = sqlc.arg(position_hash), behind_since = 0, boot = 0, head = 0, powered = 0, low = 0,
    down = 0, moved = 0, ahead = NULL WHERE locker = sqlc.arg(locker);

-- name: DropCompartments :exec
DELETE FROM compartment WHERE locker = $1;

-- name: ClearRooms :exec
UPDATE room SET total = 0, empty = 0 WHERE locker = $1;

-- name: DropReceipts :exec
DELETE FROM receipt WHERE locker = $1;

-- name: Advance :execrows
UPDATE locker_line SET position = sqlc.arg(position), position_hash = sqlc.arg(position_hash), heard = sqlc.arg(heard),
    since = sqlc.arg(since), behind_since = sqlc.arg(behind_since), kept = sqlc.arg(kept), boot = sqlc.arg(boot),
    moved = sqlc.arg(moved), ahead = sqlc.arg(ahead), head = sqlc.arg(head), powered = sqlc.arg(powered), low = sqlc.arg(low), down = sqlc.arg(down)
WHERE locker = sqlc.arg(locker) AND position = sqlc.arg(was);

-- name: AddCompartment :exec
INSERT INTO compartment (locker, number, size, low, board, state, faulted, parcel, record) VALUES ($1, $2, $3, $4, $5, $6, FALSE, '', 0);

-- name: Compartments :many
SELECT * FROM compartment WHERE locker = $1 ORDER BY number;

-- name: MoveCompartment :exec
UPDATE compartment SET state = $3, faulted = $4, blocked = $5, untested = $6, parcel = $7, record = $8 WHERE locker = $1 AND number = $2;

-- name: SetRoom :exec
INSERT INTO room (locker, size, total, empty, reserved) VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (locker, size) DO UPDATE SET total = excluded.total, empty = excluded.empty;

-- name: AddEmpty :exec
UPDATE room SET empty = empty + sqlc.arg(change) WHERE locker = $1 AND size = $2;

-- name: Rooms :many
SELECT * FROM room WHERE locker = $1 ORDER BY size;

-- name: RoomsFrom :many
SELECT * FROM room WHERE locker > sqlc.arg(after) AND locker <= sqlc.arg(until) ORDER BY locker, size;

-- name: TakeRoom :execrows
UPDATE room SET reserved = reserved + 1 WHERE locker = $1 AND size = $2 AND reserved < empty;

-- name: GiveRoom :exec
UPDATE room SET reserved = reserved - 1 WHERE locker = $1 AND size = $2 AND reserved > 0;

-- name: AddReservation :exec
INSERT INTO reservation (barcode, locker, size) VALUES ($1, $2, $3);

-- name: DropReservation :one
DELETE FROM reservation WHERE barcode = $1 RETURNING locker, size;

-- name: CountReservations :many
SELECT size, CAST(COUNT(*) AS BIGINT) AS count FROM reservation WHERE locker = $1 GROUP BY size ORDER BY size;

-- name: AddAlarm :execrows
INSERT INTO alarm (id, locker, kind, reason, compartment, record, raised, evidence, parcel, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING;

-- name: EndAlarm :exec
UPDATE alarm SET ended = $3 WHERE locker = $1 AND kind = $2 AND ended = 0;

-- name: OpenAlarms :many
SELECT id, locker, kind, reason, compartment, record, raised, taken, taken_by, ended, ended_by, parcel, note, CAST(COALESCE(LENGTH(evidence), 0) AS BIGINT) AS evidence FROM alarm WHERE ended = 0 AND (CAST(sqlc.arg(locker) AS TEXT) = '' OR locker = sqlc.arg(locker)) ORDER BY id DESC LIMIT $1;

-- name: Evidence :one
SELECT evidence FROM alarm WHERE id = $1;

-- name: EndAlarmByID :execrows
UPDATE alarm SET ended = $2, ended_by = $3, note = '' WHERE id = $1 AND ended = 0;

-- name: TakeAlarm :execrows
UPDATE alarm SET taken = $2, taken_by = $3 WHERE id = $1 AND ended = 0;

-- name: PastAlarms :many
SELECT id, locker, kind, reason, compartment, record, raised, taken, taken_by, ended, ended_by, parcel, note, CAST(COALESCE(LENGTH(evidence), 0) AS BIGINT) AS evidence FROM alarm WHERE ended > 0 ORDER BY id DESC LIMIT $1;

-- name: SilentLockers :many
SELECT locker FROM locker_line WHERE heard > 0 AND heard < sqlc.arg(before)
    AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.locker = locker_line.locker AND a.kind = 'silent' AND a.ended = 0) LIMIT 500;

-- name: HeardAgain :many
SELECT a.locker FROM alarm a JOIN locker_line l ON l.locker = a.locker WHERE a.kind = 'silent' AND a.ended = 0 AND l.heard >= sqlc.arg(after) LIMIT 500;

-- name: BehindLockers :many
SELECT locker FROM locker_line WHERE behind_since > 0 AND behind_since < sqlc.arg(before)
    AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.locker = locker_line.locker AND a.kind = 'withheld' AND a.ended = 0) LIMIT 500;

-- name: CaughtUp :many
SELECT a.locker FROM alarm a JOIN locker_line l ON l.locker = a.locker WHERE a.kind = 'withheld' AND a.ended = 0 AND l.behind_since = 0 LIMIT 500;

-- name: StalledLockers :many
SELECT locker FROM locker_line WHERE heard >= sqlc.arg(after) AND moved > 0 AND moved < sqlc.arg(before) AND since < sqlc.arg(before)
    AND NOT EXISTS (SELECT 1 FROM alarm a WHERE a.locker = locker_line.locker AND a.kind = 'stalled' AND a.ended = 0) LIMIT 500;

-- name: MovedAgain :many
SELECT a.locker FROM alarm a JOIN locker_line l ON l.locker = a.locker WHERE a.kind = 'stalled' AND a.ended = 0 AND l.moved >= sqlc.arg(after) LIMIT 500;

-- name: CountRefusals :exec
INSERT INTO refusal (locker, day, what, count) VALUES ($1, $2, $3, $4)
ON CONFLICT (locker, day, what) DO UPDATE SET count = refusal.count + excluded.count;

-- name: SaveReceipt :exec
INSERT INTO receipt (locker, time_key, envelope, boot, utc) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (locker, time_key) DO UPDATE SET envelope = excluded.envelope, boot = excluded.boot, utc = excluded.utc
WHERE receipt.utc < excluded.utc;

-- name: Receipts :many
SELECT * FROM receipt WHERE locker = $1 ORDER BY time_key;

-- name: ReservedAt :many
SELECT barcode FROM reservation WHERE locker = $1 ORDER BY barcode;

-- name: RefusalsOf :many
SELECT * FROM refusal WHERE locker = $1 ORDER BY day DESC, what;

-- name: SetCity :exec
INSERT INTO city (id, owner, name, english, region, country, fias, kladr) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, name = excluded.name, english = excluded.english, region = excluded.region,
    country = excluded.country, fias = excluded.fias, kladr = excluded.kladr;

-- name: Cities :many
SELECT * FROM city ORDER BY region, name, id;

-- name: City :one
SELECT * FROM city WHERE id = $1;

-- name: SetSite :exec
INSERT INTO site (locker, city, post_code, street, house, metro, hours, indoors, way, inside) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (locker) DO UPDATE SET city = excluded.city, post_code = excluded.post_code, street = excluded.street, house = excluded.house,
    metro = excluded.metro, hours = excluded.hours, indoors = excluded.indoors, way = excluded.way, inside = excluded.inside;

-- name: Sites :many
SELECT sqlc.embed(s), sqlc.embed(c) FROM site s JOIN city c ON c.id = s.city
WHERE CAST(sqlc.arg(locker) AS TEXT) = '' OR s.locker = sqlc.arg(locker) ORDER BY s.locker;

-- name: Glances :many
SELECT l.id, l.name, l.address, l.latitude, l.longitude, l.state, l.paused, l.lockdown, l.technician,
    n.heard, n.since, n.moved, n.behind_since
FROM locker l JOIN locker_line n ON n.locker = l.id ORDER BY l.id;

-- name: RoomSums :many
SELECT locker, CAST(SUM(total) AS BIGINT) AS total, CAST(SUM(empty) AS BIGINT) AS empty, CAST(SUM(reserved) AS BIGINT) AS reserved FROM room GROUP BY locker;

-- name: CareCounts :many
SELECT locker, CAST(COUNT(*) AS BIGINT) AS count FROM compartment WHERE faulted OR untested OR state = 'QUARANTINE' GROUP BY locker;

-- name: AlarmCounts :many
SELECT locker, CAST(COUNT(*) AS BIGINT) AS count FROM alarm WHERE ended = 0 GROUP BY locker;

-- name: Mark :one
SELECT n.position, n.behind_since, n.heard, n.since,
    CAST((SELECT COUNT(*) FROM alarm a WHERE a.locker = n.locker AND a.ended = 0) AS BIGINT) AS alarms,
    CAST((SELECT COALESCE(SUM(r.reserved), 0) FROM room r WHERE r.locker = n.locker) AS BIGINT) AS reserved
FROM locker_line n WHERE n.locker = $1;
