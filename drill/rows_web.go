package drill

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// webRows: machines and pages of the servers.
var webRows = []Row{}

// spec is the hub's OpenAPI document, as far as attacks are made of it.
type spec struct {
	Paths map[string]map[string]operation
}

type operation struct {
	ID string `json:"operationId"`
}

// spec fetches it.
func (n *Net) spec(ctx context.Context) (s spec, err error) {
	if _, err = n.ask(ctx, "GET", "/v1/openapi.json", nil, &s); err == nil && len(s.Paths) < 10 {
		err = fmt.Errorf("the document has %d paths", len(s.Paths))
	}
	return s, err
}

var opening = regexp.MustCompile(`(?i)\b(open|unlock|pulse|release|actuate|door)`)

var verbs = []string{"open", "unlock", "pulse", "release", "openall", "actuate", "press"}

// openVerb asks every route for a verb that opens, with a merchant's key, with the notifier's token and without.
func openVerb(ctx context.Context, n *Net) (string, error) {
	b := n.Lockers[0]
	seen, err := noVerb(ctx, b)
	if err != nil {
		return "", err
	}
	s, err := n.spec(ctx)
	if err != nil {
		return "", err
	}
	var paths []string
	for path, methods := range s.Paths {
		for method, op := range methods {
			if opening.MatchString(path) || opening.MatchString(strings.Join(words(op.ID), " ")) {
				return "", breach("%s %s is called %s", method, path, op.ID)
			}
		}
		paths = append(paths, n.filled(path, n.Parcels[0]))
	}
	paths = append(paths, "/notifier/v1/lockers/"+b.Locker.ID, "/carrier/v1/lockers/"+b.Locker.ID, "/courier/v1/lockers/"+b.Locker.ID, "/admin", "/internal", "/rpc", "/debug/pprof", "/metrics", "/v1/lockers/"+b.Locker.ID+"/compartments/1")
	slices.Sort(paths)
	before, tried := n.pulses(), 0
	for _, path := range paths {
		for _, verb := range verbs {
			for _, at := range []string{path + "/" + verb, path + ":" + verb, path + "?action=" + verb, strings.TrimSuffix(path, "/") + "/" + verb + "/1"} {
				count, err := n.poke(ctx, at, verb, strings.Contains(at, "?"))
				if err != nil {
					return "", err
				}
				tried += count
			}
		}
	}
	if after := n.pulses(); after > before {
		return "", breach("%d pulses", after-before)
	}
	return fmt.Sprintf("%s; %d paths of the API, %d requests with a verb that opens: none known, 0 pulses", seen, len(paths), tried), nil
}

// poke sends a verb with every method and credential. No answer may be a success, but to a query that a real route does not know.
func (n *Net) poke(ctx context.Context, at, verb string, real bool) (tried int, err error) {
	body := map[string]any{"verb": verb, "action": verb, "compartment": 1, "compartments": []int{1, 2, 3}}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if real && method != "GET" && method != "POST" {
			continue // it would end an honest webhook
		}
		send := any(body)
		if method == "GET" {
			send = nil
		}
		a, err := call(ctx, method, n.Office.Hub+at, n.Office.APIKey, send)
		if err != nil {
			return tried, err
		}
		if a.Status < 400 && !strings.HasPrefix(at, "/courier") || a.Status >= 500 {
			return tried, breach("%s %s is answered with %d: %.200s", method, at, a.Status, a.Body)
		}
		tried++
	}
	return tried, nil
}

// words takes a camel-cased name apart.
func words(name string) []string {
	return strings.Fields(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "$1 $2"))
}

// filled puts real ids into a path of the document.
func (n *Net) filled(path string, p *Parcel) string {
	return strings.NewReplacer("{barcode}", p.Barcode, "/shipments/{id}", "/shipments/"+p.Shipment, "/lockers/{id}", "/lockers/"+p.At.Locker.ID, "{id}", "none").Replace(path)
}
