package api

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/hub/internal/outbox"
	"lockstep/internal/web"
)

//go:embed reference
var reference embed.FS

// describe is what the OpenAPI document says about the whole API.
func describe(publicURL string) huma.Config {
	c := huma.DefaultConfig("Lockstep", "1.0.0")
	c.CreateHooks, c.DocsPath, c.OpenAPIPath, c.SchemasPath = nil, "", "", ""
	c.RejectUnknownQueryParameters = true
	c.Formats = map[string]huma.Format{"application/json": inUTF8, "json": inUTF8}
	c.Info.Description = "Announce parcels to lockers, follow them, be told what happens.\n\n" +
		"Send your API key as `Authorization: Bearer lsk_…`. Failures are problems (RFC 9457) whose `code` is for programs. " +
		"What is not yours does not exist for you. Times are RFC 3339 in UTC. A parcel's state is folded from events, and each event " +
		"says what proves it: usually a line in the signed journal of the locker that saw it.\n\n" +
		"Each API key has a quota of requests, which refills all the time. Every answer to a key says in `RateLimit-Limit` how many requests it holds, in " +
		"`RateLimit-Remaining` how many are left, and in `RateLimit-Reset` in how many seconds it is full again, as long as nothing more is asked. Past it an " +
		"answer is 429 with `Retry-After`, and nothing was done. Where the API is served by several nodes each counts for itself."
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	if publicURL != "" {
		c.Servers = []*huma.Server{{URL: publicURL}}
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{"key": {Type: "http", Scheme: "bearer", Description: "An API key, lsk_…"}}
	c.Tags = []*huma.Tag{
		{Name: "Shipments", Description: "What you announce: parcels for one recipient at one locker"},
		{Name: "Sealing", Description: "Where your own software seals contacts, so that we never see one: barcodes beforehand, and the key that signs"},
		{Name: "Parcels", Description: "Single items, by the barcode on their label"},
		{Name: "Returns", Description: "Parcels that customers put into a locker for you"},
		{Name: "Pickups", Description: "A courier who fetches parcels from you"},
		{Name: "Lockers", Description: "Where parcels can go"},
		{Name: "Events", Description: "What happened to all your parcels, in one order"},
		{Name: "Webhooks", Description: "Being told instead of asking"},
	}
	return c
}

// inUTF8 is JSON that has to be in UTF-8 (RFC 8259 §8.1): letters of another code page would become others, and nobody would notice before
// somebody reads a name.
var inUTF8 = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: func(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("not in UTF-8")
	}
	return huma.DefaultJSONFormat.Unmarshal(data, v)
}}

// document fixes the OpenAPI document, once all routes are there, and serves it with its reference page.
func (d *door) document() error {
	d.describeQuota()
	d.describeWebhooks()
	data, err := json.Marshal(d.api.OpenAPI())
	if err != nil {
		return fmt.Errorf("api: document: %w", err)
	}
	yaml, err := d.api.OpenAPI().YAML()
	if err != nil {
		return fmt.Errorf("api: document: %w", err)
	}
	d.mux.HandleFunc("GET /v1/openapi.json", constant("application/openapi+json", data))
	d.mux.HandleFunc("GET /v1/openapi.yaml", constant("application/openapi+yaml", yaml))
	return d.referencePage()
}

func constant(kind string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Write(data)
	}
}

// referencePage is Swagger UI where npm has built it; else a page that says so and leads to the document.
func (d *door) referencePage() error {
	files, err := fs.Sub(reference, "reference")
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	name := "plain.html"
	if web.Has("swagger-ui-bundle.js") && web.Has("swagger-ui.css") {
		name = "reference.html"
	}
	page, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("api: %w", err)
	}
	secure := func(h http.Handler) http.Handler { return web.Secure(web.Policy{InlineStyle: true}, h) }
	d.mux.Handle("GET /docs", secure(constant("text/html; charset=utf-8", page)))
	d.mux.Handle("GET /docs/{$}", http.RedirectHandler("/docs", http.StatusMovedPermanently))
	d.mux.Handle("GET /docs/own/", secure(http.StripPrefix("/docs/own/", web.Files(files))))
	d.mux.Handle("GET /docs/assets/", secure(http.StripPrefix("/docs/assets/", web.Files(web.Assets()))))
	return nil
}

// describeQuota says which answers have the quota's headers: all but to those without a key.
func (d *door) describeQuota() {
	o := d.api.OpenAPI()
	header := func(example int, doc string) *huma.Header {
		return &huma.Header{Description: doc, Schema: &huma.Schema{Type: huma.TypeInteger, Examples: []any{example}}}
	}
	o.Components.Headers = map[string]*huma.Header{
		"RateLimit-Limit":     header(200, "How many requests the key's quota holds"),
		"RateLimit-Remaining": header(199, "How many are left"),
		"RateLimit-Reset":     header(1, "In how many seconds the quota is full again"),
		"Retry-After":         header(1, "In how many seconds the next request will be taken"),
	}
	for _, path := range o.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Put, path.Post, path.Patch, path.Delete} {
			if op != nil {
				quotaHeaders(op.Responses)
			}
		}
	}
}

func quotaHeaders(responses map[string]*huma.Response) {
	for status, r := range responses {
		if status == strconv.Itoa(http.StatusUnauthorized) {
			continue
		}
		if r.Headers == nil {
			r.Headers = map[string]*huma.Header{}
		}
		names := []string{"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"}
		if status == strconv.Itoa(http.StatusTooManyRequests) {
			names = append(names, "Retry-After")
		}
		for _, name := range names {
			r.Headers[name] = &huma.Header{Ref: "#/components/headers/" + name}
		}
	}
}

// describeWebhooks lists what we send.
func (d *door) describeWebhooks() {
	o := d.api.OpenAPI()
	notice := o.Components.Schemas.Schema(reflect.TypeFor[Notice](), true, "Notice")
	header := func(name, example, doc string) *huma.Param {
		return &huma.Param{Name: name, In: "header", Required: true, Description: doc, Example: example, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	o.Webhooks = map[string]*huma.PathItem{}
	for _, kind := range outbox.Types() {
		o.Webhooks[kind] = &huma.PathItem{Post: &huma.Operation{
			OperationID: "on_" + kind, Tags: []string{"Webhooks"}, Summary: "Told when: " + kind, Method: http.MethodPost,
			Security: []map[string][]string{},
			Parameters: []*huma.Param{
				header("webhook-id", "0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f", "The same for every attempt: tells repetitions"),
				header("webhook-timestamp", "1795435200", "When this attempt was made, seconds since 1970"),
				header("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "HMAC-SHA256 over id.timestamp.body"),
			},
			RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: notice}}},
			Responses: map[string]*huma.Response{
				"2XX": {Description: "Taken"},
				"410": {Description: "Gone: we stop at once and disable the webhook"},
				"4XX": {Description: "Not taken: we try again for three days"},
			},
		}}
	}
}
