package console

import (
	"strings"

	"lockstep/hub/internal/account"
)

// Rights is the table of rights as tests hold it against what the handler does: method, path and roles of each route.
func Rights() (rows []Right) {
	for _, r := range (&console{}).routes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		rows = append(rows, Right{method, strings.TrimSuffix(path, "{$}"), r.who})
	}
	return rows
}

// Right is a row of it.
type Right struct {
	Method, Path string
	Who          []account.Role
}
