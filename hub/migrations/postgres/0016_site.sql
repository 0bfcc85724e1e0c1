-- +goose Up
-- Where lockers stand, as shops and people ask for it. Cities have the numbers that shops' software keeps.
CREATE TABLE city (
    id      BIGINT NOT NULL PRIMARY KEY,
    owner   BIGINT NOT NULL, -- of that number, as older software says it
    name    TEXT NOT NULL,
    english TEXT NOT NULL,
    region  TEXT NOT NULL,
    country TEXT NOT NULL, -- ISO 3166-1
    fias    TEXT NOT NULL,
    kladr   TEXT NOT NULL
);
CREATE INDEX city_name ON city (name, region);

CREATE TABLE site (
    locker    TEXT NOT NULL PRIMARY KEY REFERENCES locker (id),
    city      BIGINT NOT NULL REFERENCES city (id),
    post_code TEXT NOT NULL,
    street    TEXT NOT NULL,
    house     TEXT NOT NULL,
    metro     TEXT NOT NULL, -- stations, separated by semicolons
    hours     TEXT NOT NULL, -- seven days from Monday, separated by commas: see fleet.Site
    indoors   BOOLEAN NOT NULL,
    way       TEXT NOT NULL, -- how to find it
    inside    TEXT NOT NULL  -- where it stands in the building
);
CREATE INDEX site_city ON site (city);

-- +goose Down
DROP TABLE site;
DROP TABLE city;
