// Package migrations holds the tables of a carrier's service.
package migrations

import "embed"

// Files has a folder for the only engine there is.
//
//go:embed sqlite/*.sql
var Files embed.FS
