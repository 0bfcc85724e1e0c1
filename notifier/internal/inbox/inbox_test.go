package inbox

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestLetters(t *testing.T) {
	for name, row := range map[string]struct {
		letter, subject, text string
		html, bad             bool
	}{
		"plain":        {"Subject: Hi\r\nContent-Type: text/plain\r\n\r\nCode 123 456 789\r\n", "Hi", "Code 123 456 789\n", false, false},
		"quoted":       {"Subject: =?utf-8?q?=D0=9A=D0=BE=D0=B4?=\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=D0=9A=\r\n=D0=BE", "Код", "Ко", false, false},
		"both forms":   {"Subject: Hi\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ntext\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>\r\n--b--\r\n", "Hi", "text", true, false},
		"cut off":      {"Subject: Hi\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\ntext", "", "", false, true},
		"no letter":    {"hello", "", "", false, true},
		"without type": {"Subject: Hi\r\n\r\nx", "", "", false, true},
	} {
		m, err := readLetter(strings.NewReader(row.letter))
		if (err != nil) != row.bad {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (m.Subject != row.subject || m.Text != row.text || (m.html != "") != row.html) {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func TestGateway(t *testing.T) {
	box := New(time.Now)
	for body, status := range map[string]int{
		`{"id":"1","to":"+7","text":"Code 123 456 789 at https://n/c/#x. "}`: 202,
		`{"id":"1"}`: 400, `to=+7`: 400, `{"to":"` + strings.Repeat("7", 70<<10) + `"}`: 400,
	} {
		w := httptest.NewRecorder()
		box.Handler().ServeHTTP(w, httptest.NewRequest("POST", "/gateway/sms", strings.NewReader(body)))
		if w.Code != status {
			t.Errorf("%.40s: %d", body, w.Code)
		}
	}
	if all := box.All(); len(all) != 1 || all[0].Codes[0] != "123456789" || len(all[0].Links) != 1 {
		t.Errorf("%+v", all)
	}
}

// A letter's HTML cannot run anything or fetch anything.
func TestLetterIsHarmless(t *testing.T) {
	box := New(time.Now)
	box.add(Message{ID: "a", Channel: "mail", html: "<html><head></head><script>x</script></html>"})
	w := httptest.NewRecorder()
	box.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/messages/a/html", nil))
	if csp := w.Header().Get("Content-Security-Policy"); w.Code != 200 || !strings.HasPrefix(csp, "default-src 'none'; style-src 'unsafe-inline'") || strings.Contains(csp, "script") {
		t.Errorf("%d %q", w.Code, csp)
	}
}
