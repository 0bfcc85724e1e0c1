-- +goose Up
-- Every custody event once, in the order in which its merchant may read it. See custody.Publish.
CREATE TABLE change (
    merchant TEXT   NOT NULL,
    position INTEGER NOT NULL, -- within the merchant, from 1 without a gap; rises in the order of commits
    told     INTEGER NOT NULL, -- when it got its position: never falls as positions rise
    barcode  TEXT   NOT NULL,
    number   INTEGER NOT NULL, -- of the event within the parcel
    PRIMARY KEY (merchant, position)
) STRICT;
CREATE UNIQUE INDEX change_event ON change (barcode, number);
CREATE INDEX change_told ON change (merchant, told, position);

-- Events that have no position yet: written with the event, gone when it has one.
CREATE TABLE unpublished (
    barcode  TEXT   NOT NULL,
    number   INTEGER NOT NULL,
    merchant TEXT   NOT NULL,
    received INTEGER NOT NULL,
    PRIMARY KEY (barcode, number)
) STRICT;

-- One row: the last told that was given. Whoever gives positions holds it.
CREATE TABLE change_clock (
    id   INTEGER NOT NULL PRIMARY KEY,
    told INTEGER NOT NULL
) STRICT;
INSERT INTO change_clock (id, told) SELECT 1, COALESCE(MAX(received), 0) FROM custody_event;

-- What happened before: a parcel's events in their order, whatever clocks of several nodes said.
INSERT INTO change (merchant, position, told, barcode, number)
SELECT e.merchant, ROW_NUMBER() OVER (PARTITION BY e.merchant ORDER BY e.known, e.barcode, e.number), e.known, e.barcode, e.number
FROM (SELECT p.merchant, c.barcode, c.number, MAX(c.received) OVER (PARTITION BY c.barcode ORDER BY c.number) AS known
    FROM custody_event c JOIN parcel p ON p.barcode = c.barcode) e;

-- +goose Down
DROP TABLE change_clock;
DROP TABLE unpublished;
DROP TABLE change;
