-- name: AddShipment :exec
INSERT INTO shipment (id, merchant, locker, carrier, reference, dwell_hours, created, way, from_city, from_region, description, cod_amount, cod_currency, return_of)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: Shipment :one
SELECT * FROM shipment WHERE id = $1 AND merchant = $2;

-- name: Shipments :many
SELECT * FROM shipment s
WHERE s.merchant = sqlc.arg(merchant) AND (CAST(sqlc.arg(after) AS TEXT) = '' OR s.id < sqlc.arg(after))
  AND (CAST(sqlc.arg(reference) AS TEXT) = '' OR s.reference = sqlc.arg(reference))
  AND (CAST(sqlc.arg(state) AS TEXT) = '' OR EXISTS (SELECT 1 FROM parcel p WHERE p.shipment = s.id AND p.state = sqlc.arg(state)))
  AND (NOT CAST(sqlc.arg(returns) AS BOOLEAN) OR EXISTS (SELECT 1 FROM parcel p WHERE p.shipment = s.id AND p.outbound AND NOT p.onward))
ORDER BY s.id DESC LIMIT sqlc.arg(at_most);

-- name: ParcelsBetween :many
SELECT p.* FROM parcel p JOIN shipment s ON s.id = p.shipment
WHERE s.merchant = sqlc.arg(merchant) AND s.id >= sqlc.arg(first) AND s.id <= sqlc.arg(last) ORDER BY p.shipment, p.place;

-- name: Claim :execrows
INSERT INTO idempotency (merchant, key, body, shipment, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (merchant, key) DO NOTHING;

-- name: Claimed :one
SELECT * FROM idempotency WHERE merchant = $1 AND key = $2;

-- name: TakeSerials :one
INSERT INTO serial (number_range, next) VALUES (sqlc.arg(number_range), CAST(sqlc.arg(count) AS BIGINT))
ON CONFLICT (number_range) DO UPDATE SET next = serial.next + excluded.next RETURNING next;

-- name: AddParcel :exec
INSERT INTO parcel (barcode, shipment, merchant, locker, carrier, place, size, low, weight_g, reference, token, state, hold,
    compartment, stored, due, events, created, changed, live, outbound, onward)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', 0, 0, 0, 0, $12, $12, TRUE, $13, $14);

-- name: HoldShipment :exec
UPDATE shipment SET locker = locker WHERE id = $1 AND merchant = $2;

-- name: MoveShipment :exec
UPDATE shipment SET locker = sqlc.arg(locker) WHERE id = sqlc.arg(id);

-- name: Plans :many
SELECT locker FROM custody_event WHERE barcode = $1 AND what IN ('announced', 'redirected') ORDER BY number;

-- name: Parcel :one
SELECT * FROM parcel WHERE barcode = $1;

-- name: ParcelOfToken :one
SELECT * FROM parcel WHERE token = $1;

-- name: ParcelsOf :many
SELECT * FROM parcel WHERE shipment = $1 ORDER BY place;

-- name: LiveParcels :many
SELECT * FROM parcel WHERE live AND carrier = $1 AND (CAST(sqlc.arg(locker) AS TEXT) = '' OR locker = sqlc.arg(locker)) ORDER BY barcode LIMIT $2;

-- name: Awaited :many
SELECT * FROM parcel WHERE live AND locker = $1 AND state IN ('announced', 'dispatched') AND NOT outbound ORDER BY barcode LIMIT 1000;

-- name: OnTheWay :many
SELECT * FROM parcel WHERE onward AND outbound AND state = 'withdrawn' AND hold = '' AND barcode > $1 ORDER BY barcode LIMIT 500;

-- name: ParcelsFrom :many
SELECT * FROM parcel WHERE barcode > $1 ORDER BY barcode LIMIT $2;

-- name: CountStates :many
SELECT state, CAST(COUNT(*) AS BIGINT) AS count FROM parcel GROUP BY state ORDER BY state;

-- name: Stale :many
SELECT * FROM parcel WHERE live AND state IN ('announced', 'dispatched') AND created < sqlc.arg(before) AND barcode > sqlc.arg(after)
ORDER BY barcode LIMIT 200;

-- name: MoveParcel :execrows
UPDATE parcel SET state = sqlc.arg(state), hold = sqlc.arg(hold), compartment = sqlc.arg(compartment), stored = sqlc.arg(stored),
    due = sqlc.arg(due), changed = sqlc.arg(changed), live = sqlc.arg(live), locker = sqlc.arg(locker), outbound = sqlc.arg(outbound), events = events + 1
WHERE barcode = sqlc.arg(barcode) AND events = sqlc.arg(was);

-- name: AddEvent :exec
INSERT INTO custody_event (barcode, number, id, what, actor, reason, before, after, happened, received, proof, locker, record, due, compartment, guard)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);

-- name: AddScan :exec
INSERT INTO scan (barcode, number, envelope) VALUES ($1, $2, $3);

-- name: KnownScans :one
SELECT CAST(COUNT(*) AS BIGINT) AS count FROM scan WHERE barcode = $1 AND envelope = $2;

-- name: Scan :one
SELECT envelope FROM scan WHERE barcode = $1 AND number = $2;

-- name: Events :many
SELECT * FROM custody_event WHERE barcode = $1 ORDER BY number;

-- name: RecordEvents :many
SELECT * FROM custody_event WHERE locker = $1 AND record > 0 ORDER BY guard, record, barcode;

-- name: AddContact :exec
INSERT INTO sealed_contact (barcode, sealed, created) VALUES ($1, $2, $3);

-- name: Contacts :many
SELECT sqlc.embed(c), sqlc.embed(p), s.locker FROM sealed_contact c JOIN parcel p ON p.barcode = c.barcode JOIN shipment s ON s.id = p.shipment ORDER BY c.created, c.barcode LIMIT $1;

-- name: DropContact :exec
DELETE FROM sealed_contact WHERE barcode = $1;

-- name: NextCursor :one
UPDATE upload_cursor SET last = last + 1 WHERE id = 1 RETURNING last;

-- name: AddUpload :exec
INSERT INTO upload (cursor, locker, guard, first, last, received, stretch) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: Uploads :many
SELECT cursor, locker, received, stretch FROM upload WHERE cursor > $1 ORDER BY cursor LIMIT $2;

-- name: UploadsOf :many
SELECT * FROM upload WHERE locker = $1 AND cursor > $2 ORDER BY cursor LIMIT $3;

-- name: UploadWith :one
SELECT * FROM upload WHERE locker = sqlc.arg(locker) AND guard = sqlc.arg(guard) AND first <= sqlc.arg(record) AND last >= sqlc.arg(record) ORDER BY last LIMIT 1;

-- name: DropBeats :execrows
DELETE FROM upload WHERE first > last AND received < sqlc.arg(before);

-- name: DropClaims :execrows
DELETE FROM idempotency WHERE created < sqlc.arg(before);

-- name: AwaitedAt :many
SELECT barcode, state, outbound FROM parcel WHERE live AND locker = $1 AND state IN ('announced', 'dispatched', 'uncertain') ORDER BY barcode;

-- name: Block :one
SELECT * FROM barcode_block WHERE merchant = $1 AND key = $2;

-- name: AddBlock :exec
INSERT INTO barcode_block (merchant, key, number_range, first, count, created) VALUES ($1, $2, $3, $4, $5, $6);

-- name: BlockBefore :one
SELECT * FROM barcode_block WHERE number_range = sqlc.arg(number_range) AND first <= sqlc.arg(serial) ORDER BY first DESC LIMIT 1;

-- name: AddContactKey :exec
INSERT INTO contact_key (number, merchant, statement, created) VALUES ($1, $2, $3, $4);

-- name: LastContactKey :one
SELECT * FROM contact_key WHERE merchant = $1 ORDER BY number DESC LIMIT 1;

-- name: ContactKeys :many
SELECT * FROM contact_key WHERE number > $1 ORDER BY number LIMIT $2;

-- name: CountContacts :one
SELECT COUNT(*) FROM sealed_contact c JOIN parcel p ON p.barcode = c.barcode WHERE p.merchant = $1;

-- name: InsideAt :many
SELECT barcode, state, compartment FROM parcel WHERE live AND locker = $1 AND compartment > 0 ORDER BY barcode;

-- name: AddUnpublished :exec
INSERT INTO unpublished (barcode, number, merchant, received) VALUES ($1, $2, $3, $4);

-- name: Waiting :one
SELECT CAST((SELECT told FROM change_clock WHERE id = 1) AS BIGINT) AS told, EXISTS (SELECT 1 FROM unpublished) AS waiting;

-- name: HoldClock :one
UPDATE change_clock SET told = CASE WHEN told < sqlc.arg(now) THEN sqlc.arg(now) ELSE told END WHERE id = 1 RETURNING told;

-- name: Publish :execrows
INSERT INTO change (merchant, position, told, barcode, number)
SELECT u.merchant, COALESCE((SELECT MAX(c.position) FROM change c WHERE c.merchant = u.merchant), 0)
    + ROW_NUMBER() OVER (PARTITION BY u.merchant ORDER BY u.known, u.barcode, u.number), CAST(sqlc.arg(told) AS BIGINT), u.barcode, u.number
FROM (SELECT merchant, barcode, number, MAX(received) OVER (PARTITION BY barcode ORDER BY number) AS known FROM unpublished
    ORDER BY known, barcode, number LIMIT sqlc.arg(at_most)) u;

-- name: DropPublished :execrows
DELETE FROM unpublished WHERE EXISTS (SELECT 1 FROM change c WHERE c.barcode = unpublished.barcode AND c.number = unpublished.number);

-- name: Changes :many
SELECT c.position, c.told, sqlc.embed(e), sqlc.embed(p) FROM change c
JOIN custody_event e ON e.barcode = c.barcode AND e.number = c.number JOIN parcel p ON p.barcode = c.barcode
WHERE c.merchant = sqlc.arg(merchant) AND c.position > sqlc.arg(after) AND c.position <= sqlc.arg(last) ORDER BY c.position LIMIT sqlc.arg(at_most);

-- name: EventsOfChanges :many
SELECT * FROM custody_event WHERE barcode IN (SELECT c.barcode FROM change c
    WHERE c.merchant = sqlc.arg(merchant) AND c.position >= sqlc.arg(first) AND c.position <= sqlc.arg(last))
ORDER BY barcode, number;

-- name: PositionBefore :one
SELECT position FROM change WHERE merchant = sqlc.arg(merchant) AND told < sqlc.arg(moment) ORDER BY told DESC, position DESC LIMIT 1;

-- name: FeedGaps :many
SELECT merchant FROM change GROUP BY merchant HAVING MAX(position) <> COUNT(*) ORDER BY merchant;

-- name: Untold :many
SELECT e.barcode, e.number FROM custody_event e
WHERE NOT EXISTS (SELECT 1 FROM change c JOIN parcel p ON p.barcode = c.barcode AND p.merchant = c.merchant WHERE c.barcode = e.barcode AND c.number = e.number)
  AND NOT EXISTS (SELECT 1 FROM unpublished u WHERE u.barcode = e.barcode AND u.number = e.number)
ORDER BY e.barcode, e.number LIMIT 100;

-- name: Pay :execrows
UPDATE shipment SET paid = sqlc.arg(paid), paid_reference = sqlc.arg(reference) WHERE id = sqlc.arg(id) AND paid = 0 AND cod_amount > 0;

-- name: Reprice :execrows
UPDATE shipment SET cod_amount = $2, cod_currency = $3 WHERE id = $1 AND paid = 0;

-- name: CountSettled :one
SELECT COUNT(*) FROM shipment WHERE settled > 0 AND settled <= $1;

-- name: Unsettled :many
SELECT cod_currency, COUNT(*) AS shipments, CAST(SUM(cod_amount) AS BIGINT) AS amount FROM shipment
WHERE merchant = $1 AND paid > 0 AND settled = 0 GROUP BY cod_currency ORDER BY cod_currency;

-- name: Settle :many
UPDATE shipment SET settled = sqlc.arg(act) WHERE merchant = sqlc.arg(merchant) AND paid > 0 AND settled = 0 AND cod_currency = sqlc.arg(currency) RETURNING id;

-- name: KeepWord :exec
INSERT INTO payment_word (barcode, locker, envelope) VALUES ($1, $2, $3)
ON CONFLICT (barcode) DO UPDATE SET locker = excluded.locker, envelope = excluded.envelope;

-- name: Word :one
SELECT * FROM payment_word WHERE barcode = $1;

-- name: MisaddressedWords :many
SELECT w.barcode, p.locker, w.envelope FROM payment_word w JOIN parcel p ON p.barcode = w.barcode WHERE p.live AND p.locker <> w.locker ORDER BY w.barcode LIMIT 100;

-- The queries below take lists as one text of entries that are equally long: arrays are not the same in both engines.

-- name: ShipmentsWithBarcodes :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(barcodes) AS TEXT), 1, 12)
    UNION ALL SELECT at + 12, substr(CAST(sqlc.arg(barcodes) AS TEXT), at + 12, 12) FROM entry WHERE at + 12 <= length(CAST(sqlc.arg(barcodes) AS TEXT)))
SELECT sqlc.embed(s), sqlc.embed(p) FROM shipment s JOIN parcel p ON p.shipment = s.id
WHERE s.merchant = sqlc.arg(merchant) AND s.id IN (SELECT named.shipment FROM entry CROSS JOIN parcel named
    WHERE named.barcode = one)
ORDER BY s.id DESC, p.place;

-- name: ShipmentsWithIDs :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(ids) AS TEXT), 1, 36)
    UNION ALL SELECT at + 36, substr(CAST(sqlc.arg(ids) AS TEXT), at + 36, 36) FROM entry WHERE at + 36 <= length(CAST(sqlc.arg(ids) AS TEXT)))
SELECT sqlc.embed(s), sqlc.embed(p) FROM shipment s JOIN parcel p ON p.shipment = s.id
WHERE s.merchant = sqlc.arg(merchant) AND s.id IN (SELECT one FROM entry)
ORDER BY s.id DESC, p.place;

-- name: ShipmentsWithReferences :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(refs) AS TEXT), 1, 100)
    UNION ALL SELECT at + 100, substr(CAST(sqlc.arg(refs) AS TEXT), at + 100, 100) FROM entry WHERE at + 100 <= length(CAST(sqlc.arg(refs) AS TEXT)))
SELECT sqlc.embed(s), sqlc.embed(p) FROM shipment s JOIN parcel p ON p.shipment = s.id
WHERE s.id IN (SELECT named.id FROM entry CROSS JOIN shipment named
    WHERE named.merchant = sqlc.arg(merchant) AND named.reference = rtrim(one) ORDER BY named.id DESC LIMIT sqlc.arg(at_most))
ORDER BY s.id DESC, p.place;

-- name: ReturnsOfShipments :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(ids) AS TEXT), 1, 36)
    UNION ALL SELECT at + 36, substr(CAST(sqlc.arg(ids) AS TEXT), at + 36, 36) FROM entry WHERE at + 36 <= length(CAST(sqlc.arg(ids) AS TEXT)))
SELECT sqlc.embed(s), sqlc.embed(p) FROM shipment s JOIN parcel p ON p.shipment = s.id
WHERE s.id IN (SELECT back.id FROM entry CROSS JOIN shipment back
    WHERE back.merchant = sqlc.arg(merchant) AND back.return_of <> '' AND back.return_of = one)
ORDER BY s.id DESC, p.place;

-- name: EventsOfParcels :many
WITH RECURSIVE entry(at, one) AS (SELECT 1, substr(CAST(sqlc.arg(barcodes) AS TEXT), 1, 12)
    UNION ALL SELECT at + 12, substr(CAST(sqlc.arg(barcodes) AS TEXT), at + 12, 12) FROM entry WHERE at + 12 <= length(CAST(sqlc.arg(barcodes) AS TEXT)))
SELECT * FROM custody_event WHERE barcode IN (SELECT one FROM entry) ORDER BY barcode, number;

-- name: TurnedBack :many
SELECT e.happened, e.before, sqlc.embed(p) FROM change c
JOIN custody_event e ON e.barcode = c.barcode AND e.number = c.number JOIN parcel p ON p.barcode = c.barcode
WHERE c.merchant = sqlc.arg(merchant) AND c.position > sqlc.arg(after) AND c.position <= sqlc.arg(last)
  AND (p.outbound AND e.what = 'announced' OR NOT p.outbound AND e.after IN ('withdrawn', 'recovered') AND e.before <> e.after)
ORDER BY c.position LIMIT sqlc.arg(at_most);

-- name: UploadsBack :many
SELECT * FROM upload WHERE locker = sqlc.arg(locker) AND guard = sqlc.arg(guard) AND last <= sqlc.arg(upto) AND first <= last ORDER BY last DESC LIMIT $1;

-- name: ReferredTo :many
SELECT * FROM parcel
WHERE parcel.reference = sqlc.arg(reference) AND parcel.reference <> ''
    OR parcel.shipment IN (SELECT s.id FROM shipment s WHERE s.reference = sqlc.arg(reference) AND s.reference <> '') ORDER BY parcel.created DESC LIMIT $1;

-- name: EventsAt :many
SELECT barcode, what, happened FROM custody_event WHERE locker = sqlc.arg(locker) AND guard = sqlc.arg(guard) AND record > 0 AND happened >= sqlc.arg(since)
ORDER BY guard, record, barcode;

-- name: LastMoments :many
SELECT what, happened FROM custody_event WHERE locker = sqlc.arg(locker) AND record > 0 ORDER BY guard DESC, record DESC, barcode DESC LIMIT $1;
