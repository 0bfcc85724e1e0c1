// Package migrations holds the notifier's tables, once per engine.
package migrations

import "embed"

// Files has a folder for each engine.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
