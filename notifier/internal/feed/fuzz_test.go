package feed

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// hubSays answers every request with one body.
type hubSays struct {
	status int
	body   []byte
}

func (h hubSays) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: h.status, Body: io.NopCloser(bytes.NewReader(h.body)), Header: http.Header{}}, nil
}

// FuzzAnswers: whatever the hub answers is read or refused, and what is refused is not repeated.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"contacts":[{"barcode":"200010000018","sealed":"AAAA","merchant":"m","shown":"Сокол"}]}`))
	f.Add(200, []byte(`{"uploads":[{"cursor":1,"locker":"l1","received":1,"stretch":"oA=="}],"next":1}`))
	f.Add(200, []byte(`{"contact_keys":[{"number":1,"statement":"oA=="}],"lockers":[{"id":"l1"}]}`))
	f.Add(200, []byte(`{"uploads":[{"cursor":"secret"}],"next":1e400}`))
	f.Add(302, []byte(`secret`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		c, err := New("https://hub.example", "the-token", false, hubSays{status, body})
		if err != nil {
			t.Fatal(err)
		}
		contacts, err1 := c.Contacts(t.Context(), 10)
		keys, err2 := c.ContactKeys(t.Context(), 0)
		uploads, next, err3 := c.Uploads(t.Context(), 0, 10)
		lockers, err4 := c.Lockers(t.Context())
		if len(contacts)+len(keys)+len(uploads)+len(lockers) > len(body) {
			t.Fatalf("%d bytes were read as %d things", len(body), len(contacts)+len(keys)+len(uploads)+len(lockers))
		}
		for _, err := range []error{err1, err2, err3, err4} {
			if err == nil {
				continue
			}
			if strings.Contains(err.Error(), "the-token") || len(body) > 12 && strings.Contains(err.Error(), string(body)) {
				t.Fatalf("it repeats what was secret: %v", err)
			}
		}
		if status/100 != 2 && (err1 == nil || err2 == nil || err3 == nil || err4 == nil || next != 0) {
			t.Fatalf("an answer %d was read", status)
		}
	})
}
