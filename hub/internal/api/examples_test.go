package api_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"lockstep/guard/statement"
)

// schema is one of the document's, as far as examples go.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Encoding   string             `json:"contentEncoding"`
	Enum       []any              `json:"enum"`
	Default    any                `json:"default"`
	Examples   []any              `json:"examples"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
}

type exampled struct {
	OperationID string `json:"operationId"`
	Parameters  []struct {
		Name, In string
		Example  any
		Schema   *schema
	} `json:"parameters"`
	RequestBody struct {
		Content map[string]struct {
			Example any
			Schema  *schema
		}
	} `json:"requestBody"`
}

// reference is the document with what its readers try first: its examples.
type reference struct {
	Paths      map[string]map[string]*exampled
	Components struct{ Schemas map[string]*schema }
}

// of is what a page that shows the document makes of a schema: every property, each with its example.
func (r reference) of(s *schema) any {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return r.of(r.Components.Schemas[name])
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case s.Default != nil:
		return s.Default
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case "object":
		o := map[string]any{}
		for name, property := range s.Properties {
			o[name] = r.of(property)
		}
		return o
	case "array":
		return []any{r.of(s.Items)}
	case "boolean":
		return true
	case "integer", "number":
		return 1
	}
	if s.Encoding == "base64" {
		return "AAAA"
	}
	return map[string]string{"date-time": "2026-11-23T20:00:00Z"}[s.Format]
}

// TestTheReferencesExamplesWork sends every operation as the reference shows it. None of it may be malformed, and what makes something makes it.
func TestTheReferencesExamplesWork(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.addLocker("msk-0042", 55.76, 37.64)
		var r reference
		must(t, json.Unmarshal(b.do("GET", "/v1/openapi.json", "", "").body, &r))
		want := map[string]int{"createShipment": 201, "importShipments": 200, "createReturn": 201, "reserveBarcodes": 201, "createPickup": 201, "createWebhook": 201,
			"listShipments": 200, "listPickups": 200, "listEvents": 200, "getLocker": 200}
		for path, methods := range r.Paths {
			for method, o := range methods {
				got := b.tries(r, strings.ToUpper(method), path, o)
				var p struct{ Code string }
				json.Unmarshal(got.body, &p)
				if got.status == 400 || got.status == 415 || got.status >= 500 || p.Code == "invalid_request" || want[o.OperationID] != 0 && got.status != want[o.OperationID] {
					t.Errorf("%s: %d %s", o.OperationID, got.status, got.body)
				}
				delete(want, o.OperationID)
			}
		}
		if len(want) > 0 {
			t.Errorf("not in the document: %v", want)
		}
	})
}

// tries sends one operation with its examples.
func (b *bench) tries(r reference, method, path string, o *exampled) answer {
	b.t.Helper()
	query, headers := url.Values{}, []string{}
	for _, p := range o.Parameters {
		value := p.Example
		if value == nil {
			value = r.of(p.Schema)
		}
		if list, isList := value.([]any); isList && len(list) == 1 {
			value = list[0] // as a list in a query of one
		}
		text, isText := value.(string)
		if p.Name == "barcode" && statement.CheckBarcode(text) != nil {
			b.t.Errorf("%s: %q is no barcode", o.OperationID, text)
		}
		switch {
		case !isText || text == "":
			if p.In == "path" {
				path = strings.ReplaceAll(path, "{"+p.Name+"}", "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f")
			}
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", text)
		case p.In == "query":
			query.Set(p.Name, text)
		case p.In == "header":
			headers = append(headers, p.Name, text)
		}
	}
	kind, body := b.bodyOf(r, o)
	return b.do(method, path+"?"+query.Encode(), b.key, body, append(headers, "Content-Type", kind)...)
}

func (b *bench) bodyOf(r reference, o *exampled) (kind, body string) {
	for kind, content := range o.RequestBody.Content {
		value := content.Example
		if value == nil {
			value = r.of(content.Schema)
		}
		if text, is := value.(string); is {
			return kind, text
		}
		if object, is := value.(map[string]any); is && o.OperationID == "createPickup" {
			object["day"] = time.Now().AddDate(0, 0, 2).Format(time.DateOnly) // a day in a document is over some time
		}
		data, err := json.Marshal(value)
		must(b.t, err)
		return kind, string(data)
	}
	return "application/json", ""
}
