package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lockstep/internal/fault"
	"lockstep/internal/web"
)

func TestHeaders(t *testing.T) {
	tests := []struct {
		name        string
		policy      web.Policy
		csp, camera string
		xfo         string
	}{
		{"closed", web.Policy{}, "frame-ancestors 'none'", "camera=()", "DENY"},
		{"framed phone", web.Policy{FrameAncestors: []string{"http://127.0.0.1:1"}, Camera: true}, "frame-ancestors http://127.0.0.1:1", "camera=(self)", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			web.Secure(test.policy, web.AssetsHandler()).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/assets/tokens.css", nil))
			h := w.Header()
			csp := h.Get("Content-Security-Policy")
			if w.Code != http.StatusOK || !strings.HasPrefix(csp, "default-src 'none'; script-src 'self'; style-src 'self';") || !strings.HasSuffix(csp, test.csp) {
				t.Errorf("%d, policy %q", w.Code, csp)
			}
			if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "; img-src 'self' data:; ") || !strings.Contains(h.Get("Permissions-Policy"), test.camera) || h.Get("X-Frame-Options") != test.xfo || h.Get("Referrer-Policy") != "no-referrer" ||
				h.Get("Cross-Origin-Resource-Policy") != "same-origin" || h.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(h.Get("Permissions-Policy"), "geolocation=()") {
				t.Errorf("headers %v", h)
			}
		})
	}
}

func TestFilesAreServedOnceAndNothingElse(t *testing.T) {
	get := func(path, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/assets/"+path, nil)
		r.Header.Set("If-None-Match", tag)
		w := httptest.NewRecorder()
		web.AssetsHandler().ServeHTTP(w, r)
		return w
	}
	first := get("cbor.js", "")
	if first.Code != http.StatusOK || !strings.HasPrefix(first.Header().Get("Content-Type"), "text/javascript") {
		t.Fatalf("cbor.js: %d, %v", first.Code, first.Header())
	}
	if again := get("cbor.js", first.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("an unchanged file was sent again: %d", again.Code)
	}
	for _, path := range []string{"", ".", "../web.go", "missing.js", "/etc/passwd"} {
		if w := get(path, ""); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d", path, w.Code)
		}
	}
}

func TestProblemKeepsTheCause(t *testing.T) {
	cause := fault.New(fault.Internal, "hidden_code", "hidden message")
	tests := []struct {
		err    error
		status int
		body   string
	}{
		{fault.Wrap(cause, fault.NotFound, "no_parcel", "no such parcel"), 404, `"code":"no_parcel"`},
		{fault.New(fault.Denied, "bad_proof", "no"), 403, `"detail":"no"`},
		{cause, 500, `"code":"internal"`},
	}
	for _, test := range tests {
		w := httptest.NewRecorder()
		web.Problem(w, test.err)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) || strings.Contains(w.Body.String(), "hidden") {
			t.Errorf("%v: %d %s", test.err, w.Code, w.Body)
		}
	}
}

func TestReadJSONTakesOneValueOfTheForm(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1}`: "", ` {"a":1} ` + "\n": "", `{"a":1}}`: "malformed", `{"a":1}{"a":2}`: "malformed", `{"a":1,"b":2}`: "malformed",
		`{"a":`: "malformed", ``: "malformed", `{"a":1` + strings.Repeat(" ", 100) + `}`: "too_large",
	} {
		var into struct {
			A int `json:"a"`
		}
		err := web.ReadJSON(nil, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), 64, &into)
		if code, _ := fault.Public(err); err == nil && (want != "" || into.A != 1) || err != nil && code != want {
			t.Errorf("%q: %v, want %q", body, err, want)
		}
	}
}
