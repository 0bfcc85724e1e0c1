package rules_test

import (
	"fmt"
	"strings"
)

// page is docs/budgets.md.
func page(seeds int, loads []load, hauls []haul) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, aboutLoad, seeds)
	for i := range loads {
		b.WriteString(loads[len(loads)-1-i].row())
	}
	fmt.Fprintf(b, aboutThieves, seeds)
	for i := range hauls {
		b.WriteString(hauls[len(hauls)-1-i].row())
	}
	return b.String()
}

const aboutLoad = `TODO %d
`
const aboutThieves = `TODO %d
`
