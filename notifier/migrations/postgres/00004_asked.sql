-- +goose Up
-- What the hub has asked for people's sake, counted by day: names of parcels' recipients, contacts of pickups.
CREATE TABLE asked (
  day     BIGINT NOT NULL, -- since 1970, UTC
  kind    TEXT NOT NULL, -- name · pickup · nothing, where it was not told
  subject TEXT NOT NULL, -- a barcode, or a pickup's number
  times   BIGINT NOT NULL,
  PRIMARY KEY (day, kind, subject)
);

-- +goose Down
DROP TABLE asked;
