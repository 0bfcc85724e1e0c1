package edge

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"lockstep/internal/fault"
	"lockstep/internal/line"
)

// FuzzEnrolment: whatever is posted, nobody without the code is certified, and a certificate is for the locker and the key that were asked
// for.
func FuzzEnrolment(f *testing.F) {
	authority, err := OpenAuthority(f.TempDir(), time.Now)
	if err != nil {
		f.Fatal(err)
	}
	const secret = "the code of l1"
	e, err := New(Config{Authority: authority, Names: []string{"localhost"}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Fingerprint: func(context.Context, string) (string, error) { return "", nil },
		CheckEnrol: func(_ context.Context, locker, said string) error {
			if locker != "l1" || said != secret {
				return fault.New(fault.Denied, "bad_code", "the code is wrong")
			}
			return nil
		},
		Enrol: func(context.Context, string, string, string) error { return nil },
	})
	if err != nil {
		f.Fatal(err)
	}
	e.enrols = rate.NewLimiter(rate.Inf, 1)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	request, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		f.Fatal(err)
	}
	for _, asked := range []line.Enrolment{{Locker: "l1", Secret: secret, Request: request}, {Locker: "l2", Secret: secret, Request: request}, {Locker: "l1", Request: request},
		{Locker: "l1", Secret: secret, Request: request[:40]}} {
		body, err := json.Marshal(map[string]any{"locker": asked.Locker, "secret": string(asked.Secret), "request": asked.Request})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := httptest.NewRecorder()
		e.enrol(w, httptest.NewRequest(http.MethodPost, "/enrol", bytes.NewReader(body)))
		if w.Code != http.StatusOK {
			if w.Code < 400 || bytes.Contains(w.Body.Bytes(), []byte(secret)) {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			return
		}
		var asked struct {
			Locker, Secret string
			Request        []byte
		}
		var answer line.Enrolled
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&asked); err != nil || asked.Locker != "l1" || asked.Secret != secret {
			t.Fatalf("certified: %s", body)
		}
		certificate, err1 := x509.ParseCertificate(answer.Certificate)
		request, err2 := x509.ParseCertificateRequest(asked.Request)
		if err1 != nil || err2 != nil || certificate.Subject.CommonName != "l1" || !bytes.Equal(certificate.RawSubjectPublicKeyInfo, request.RawSubjectPublicKeyInfo) || certificate.IsCA {
			t.Fatalf("the certificate is another's: %v %v", err1, err2)
		}
	})
}
