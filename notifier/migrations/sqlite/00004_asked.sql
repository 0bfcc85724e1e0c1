-- +goose Up
-- What the hub has asked for people's sake, counted by day: names of parcels' recipients, contacts of pickups.
CREATE TABLE asked (
  day     INTEGER NOT NULL, -- since 1970, UTC
  kind    TEXT NOT NULL, -- name · pickup · nothing, where it was not told
  subject TEXT NOT NULL, -- a barcode, or a pickup's number
  times   INTEGER NOT NULL,
  PRIMARY KEY (day, kind, subject)
) STRICT;

-- +goose Down
DROP TABLE asked;
