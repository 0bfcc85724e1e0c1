package feed

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What a hub may answer beside what was agreed: an error that says what was asked, and neither the token nor the answer.
func TestStrangeAnswers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("followed a redirect, with %q", r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"refused":  func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "+79161234567", http.StatusUnauthorized) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"not JSON": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"contacts":[{"sealed":"+79161234567`))
		},
		"not bytes": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"contacts":[{"sealed":"+79161234567!"}]}`))
		},
		"cut off": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "100") },
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(answer)
			defer server.Close()
			c, err := New(server.URL, "the-token", false, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Contacts(t.Context(), 10)
			if err == nil || !strings.Contains(err.Error(), "contacts") || strings.Contains(err.Error(), "7916") || strings.Contains(err.Error(), "the-token") {
				t.Error(err)
			}
		})
	}
}
