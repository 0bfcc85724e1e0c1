package rules_test

import "strings"

// page is docs/budgets-results.md, the smallest locker first.
func page(loads []load, hauls []haul) string {
	b := &strings.Builder{}
	b.WriteString(ofHonest)
	for i := range loads {
		b.WriteString(loads[len(loads)-1-i].row())
	}
	b.WriteString(ofThieves)
	for i := range hauls {
		b.WriteString(hauls[len(hauls)-1-i].row())
	}
	return b.String()
}

const ofHonest = `# What the budgets gave

Written by ` + "`LOCKSTEP_SEEDS=2000 go test ./guard/rules -run TestLoad -write`" + `. What the columns mean, what load was taken and what is open is in
[budgets.md](budgets.md).

## Honest load

| Compartments | Busiest hour | Runs | With a wait | Share | 95 % | Recipients who waited | Longest wait | Runs with an alarm at ¾ | Cap an hour | Cap that would do | 10 + N/2 |
|---|---|---|---|---|---|---|---|---|---|---|---|
`

const ofThieves = `
## Thieves with every code

| Compartments | Thieves | Doors opened by all | Most in ten minutes | Cap | Most in an hour | Cap |
|---|---|---|---|---|---|---|
`
