package web_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"lockstep/internal/web"
)

// What is worth it is packed once for those who take it so; everybody reads the same.
func TestAnswersArePackedOnTheirWay(t *testing.T) {
	long := strings.Repeat("Постамат «Сокол» ", 1000)
	mux := http.NewServeMux()
	say := func(path, kind, text string, status int) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Vary", "Cookie")
			w.WriteHeader(status)
			for part := range strings.SplitSeq(text, " ") {
				fmt.Fprint(w, part, " ")
			}
		})
	}
	say("/page", "text/html; charset=utf-8", long, 200)
	say("/failed", "text/html; charset=utf-8", long, 404)
	say("/list", "application/json", long, 200)
	say("/problem", "application/problem+json", long, 422)
	say("/small", "text/html", "small", 200)
	say("/picture", "image/png", long, 200)
	say("/empty", "text/html", "", 204)
	mux.Handle("/assets/", web.AssetsHandler())
	address := serve(t, mux)
	rows := []struct {
		method, path, takes string
		packed              bool
	}{
		{"GET", "/page", "br, gzip", true}, {"GET", "/failed", "gzip", true}, {"GET", "/list", "gzip", true}, {"GET", "/problem", "gzip", true}, {"GET", "/assets/cbor.js", "gzip", true},
		{"GET", "/page", "", false}, {"POST", "/page", "gzip", false}, {"GET", "/small", "gzip", false}, {"GET", "/picture", "gzip", false}, {"GET", "/empty", "gzip", false},
	}
	for _, row := range rows {
		name := row.method + " " + row.path + " " + row.takes
		plain, want := fetch(t, row.method, address+row.path, "")
		answer, got := fetch(t, row.method, address+row.path, row.takes)
		if packed := answer.Header.Get("Content-Encoding") == "gzip"; packed != row.packed || answer.StatusCode != plain.StatusCode {
			t.Errorf("%s: %d, packed %v: %v", name, answer.StatusCode, packed, answer.Header)
		}
		if row.packed {
			if len(got) >= len(want)/2 || !strings.Contains(strings.Join(answer.Header.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), answer.Header)
			}
			got = unpack(t, got)
		}
		if got != want {
			t.Errorf("%s reads otherwise: %d bytes of %d", name, len(got), len(want))
		}
	}
}

// A stream is not kept waiting for more of it, and neither is what is flushed on its way.
func TestStreamsAreNotHeldBack(t *testing.T) {
	long := strings.Repeat("five", 400)
	for kind, texts := range map[string][]string{"text/event-stream": {"one", long, "two"}, "text/csv": {"one", long, "two"}, "text/html": {long, "one", "two"}} {
		said, heard := make(chan string), make(chan bool)
		address := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			for text := range said {
				fmt.Fprintln(w, text)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			}
			close(heard)
		}))
		go func() { said <- texts[0] }()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request) // unpacks by itself
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(answer.Body)
		for i, want := range texts {
			if i > 0 {
				said <- want
			}
			if !lines.Scan() || lines.Text() != want {
				t.Fatalf("%s: heard %.20q, want %.20q", kind, lines.Text(), want)
			}
		}
		close(said)
		<-heard
		answer.Body.Close()
	}
}

func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(ctx, l, handler) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func fetch(t *testing.T, method, url, takes string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept-Encoding", takes)
	answer, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func unpack(t *testing.T, data string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
