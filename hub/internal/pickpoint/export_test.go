package pickpoint

import (
	"maps"
	"slices"
)

// Methods are the names of all that are served, in lower case.
func Methods() []string { return slices.Sorted(maps.Keys(New(Config{}).(*door).methods)) }
