package api_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lockstep/hub/internal/outbox"
	"lockstep/internal/web"
)

type operation struct {
	OperationID string                    `json:"operationId"`
	Summary     string                    `json:"summary"`
	Security    []map[string][]string     `json:"security"`
	Responses   map[string]map[string]any `json:"responses"`
	RequestBody any                       `json:"requestBody"`
}

type document struct {
	OpenAPI    string                           `json:"openapi"`
	Servers    []map[string]any                 `json:"servers"`
	Paths      map[string]map[string]*operation `json:"paths"`
	Webhooks   map[string]map[string]*operation `json:"webhooks"`
	Components struct {
		Schemas map[string]struct {
			Properties map[string]map[string]any `json:"properties"`
		} `json:"schemas"`
	} `json:"components"`
}

func TestDocument(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		got := b.do("GET", "/v1/openapi.json", "", "")
		var d document
		must(t, json.Unmarshal(got.body, &d))
		if !strings.HasPrefix(d.OpenAPI, "3.1.") || len(d.Servers) != 1 || got.header.Get("Content-Type") != "application/openapi+json" {
			t.Errorf("openapi %q, servers %v", d.OpenAPI, d.Servers)
		}
		if strings.Contains(string(got.body), "$schema") {
			t.Error("a body has a $schema member")
		}
		ids := map[string]bool{}
		for path, methods := range d.Paths {
			for method, o := range methods {
				o.check(t, method+" "+path)
				if ids[o.OperationID] {
					t.Errorf("two operations %s", o.OperationID)
				}
				ids[o.OperationID] = true
			}
		}
		for _, kind := range outbox.Types() {
			if d.Webhooks[kind]["post"] == nil {
				t.Errorf("webhook %s is not in the document", kind)
			}
		}
		d.checkReferences(t, string(got.body))
		if yaml := b.do("GET", "/v1/openapi.yaml", "", ""); yaml.status != 200 || !strings.Contains(string(yaml.body), "openapi: 3.1.") {
			t.Errorf("yaml: %d %.80s", yaml.status, yaml.body)
		}
	})
}

// check wants an operation to say what it does and how it can fail.
func (o *operation) check(t *testing.T, name string) {
	t.Helper()
	if o.Summary == "" || o.OperationID == "" || len(o.Security) == 0 {
		t.Errorf("%s: summary %q, id %q, security %v", name, o.Summary, o.OperationID, o.Security)
	}
	want := []string{"401", "422", "429", "500", "503"}
	if strings.Contains(name, "{") {
		want = append(want, "404")
	}
	if o.RequestBody != nil {
		want = append(want, "400", "413", "415")
	}
	if name == "get /v1/webhooks" {
		want = slices.DeleteFunc(want, func(s string) bool { return s == "422" })
	}
	for status, response := range o.Responses {
		headers, _ := response["headers"].(map[string]any)
		if (headers["RateLimit-Remaining"] != nil) != (status != "401") || (headers["Retry-After"] != nil) != (status == "429") {
			t.Errorf("%s: %s has the headers %v", name, status, headers)
		}
	}
	for _, status := range want {
		content, _ := o.Responses[status]["content"].(map[string]any)
		if content["application/problem+json"] == nil {
			t.Errorf("%s does not document %s", name, status)
		}
	}
}

var ref = regexp.MustCompile(`"\$ref":"#/components/schemas/([^"]+)"`)

func (d document) checkReferences(t *testing.T, text string) {
	t.Helper()
	for _, m := range ref.FindAllStringSubmatch(text, -1) {
		if _, ok := d.Components.Schemas[m[1]]; !ok {
			t.Errorf("the schema %s is referred to and not there", m[1])
		}
	}
	for _, name := range []string{"Shipment", "Parcel", "Event", "Locker", "Webhook", "Problem", "Notice"} {
		if len(d.Components.Schemas[name].Properties) == 0 {
			t.Errorf("no schema %s", name)
		}
	}
	for _, private := range []string{"phone", "email", "name"} {
		for _, schema := range []string{"Shipment", "Parcel", "Event", "Notice"} {
			if d.Components.Schemas[schema].Properties[private] != nil {
				t.Errorf("%s has a %s", schema, private)
			}
		}
	}
}

func TestReferencePage(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		page := b.do("GET", "/docs", "", "")
		if page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !strings.Contains(page.header.Get("Content-Security-Policy"), "script-src 'self'") {
			t.Errorf("%d %v", page.status, page.header)
		}
		links := []string{"/docs/assets/tokens.css", "/v1/openapi.json"}
		if web.Has("swagger-ui-bundle.js") {
			links = []string{"/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/docs/own/reference.js"}
		}
		for _, link := range links {
			if !strings.Contains(string(page.body), link) {
				t.Errorf("the page does not lead to %s", link)
			}
			if got := b.do("GET", link, "", ""); got.status != 200 {
				t.Errorf("%s: %d", link, got.status)
			}
		}
	})
}
