// Package migrations holds the hub's tables, once for each engine. Numbers 0001–0099 are the rooms' own; outbox counts from 0100.
package migrations

import "embed"

// Files has a folder for each engine: sqlite and postgres.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
