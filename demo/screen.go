package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Screen is the kiosk as somebody in front of it sees and touches it.
type Screen struct {
	url  string
	mu   sync.Mutex
	now  ScreenState
	news chan struct{} // closed when now has changed
}

// ScreenState is what the kiosk's page is sent.
type ScreenState struct {
	Guard       bool     `json:"guard"`
	Stage       string   `json:"stage"`
	Errand      string   `json:"errand"`
	Compartment uint16   `json:"compartment"`
	Outcome     string   `json:"outcome"`
	OpenDoors   []uint16 `json:"openDoors"`
	KeypadWait  int64    `json:"keypadWait"`
	OutOfOrder  string   `json:"outOfOrder"`
	Session     *struct {
		Courier   string   `json:"courier"`
		Number    uint32   `json:"number"`
		Stored    uint32   `json:"stored"`
		TakenBack uint32   `json:"takenBack"`
		Overdue   []string `json:"overdue"`
		Uncertain []string `json:"uncertain"`
		Over      bool     `json:"over"`
	} `json:"session"`
	QR *struct {
		Text string `json:"text"`
	} `json:"qr"`
	Scan    Answer   `json:"scan"`
	Several *Several `json:"several"`
	Carried *struct {
		Step  string `json:"step"` // reading · handing · giving · over
		Of    int    `json:"of"`
		Taken int    `json:"taken"`
	} `json:"carried"`
}

// Several is a QR code of several parcels, through whose doors the screen leads.
type Several struct {
	Step   string `json:"step"` // looking · leading · waiting · held · over
	At     int    `json:"at"`
	Of     int    `json:"of"`
	Taken  int    `json:"taken"`
	Passed int    `json:"passed"`
}

// Answer is what became of something typed or shown.
type Answer struct {
	Number   uint64 `json:"number"`
	Accepted bool   `json:"accepted"`
	Reason   string `json:"reason"`
	Wait     int64  `json:"wait"`
}

// Watch looks at the screen until ctx ends.
func Watch(ctx context.Context, url string) *Screen {
	s := &Screen{url: url, news: make(chan struct{})}
	go func() {
		for ctx.Err() == nil {
			s.follow(ctx)
		}
	}()
	return s
}

func (s *Screen) follow(ctx context.Context) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/state", nil)
	if err != nil {
		return
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var now ScreenState
		if !ok || json.Unmarshal([]byte(data), &now) != nil {
			continue
		}
		s.mu.Lock()
		s.now = now
		close(s.news)
		s.news = make(chan struct{})
		s.mu.Unlock()
	}
}

// See is the screen now.
func (s *Screen) See() ScreenState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Wait looks until the screen shows what is wanted.
func (s *Screen) Wait(ctx context.Context, what string, until func(ScreenState) bool) (ScreenState, error) {
	return s.WaitFor(ctx, 15*time.Second, what, until)
}

// WaitFor is Wait with a patience of its own.
func (s *Screen) WaitFor(ctx context.Context, patience time.Duration, what string, until func(ScreenState) bool) (ScreenState, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		s.mu.Lock()
		now, news := s.now, s.news
		s.mu.Unlock()
		if until(now) {
			return now, nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return now, fmt.Errorf("the screen never showed %s; it shows %s %s at %d, outcome %q, scan %+v", what, now.Errand, now.Stage,
				now.Compartment, now.Outcome, now.Scan)
		}
	}
}

// Type types a pickup code.
func (s *Screen) Type(ctx context.Context, code string) (Answer, error) {
	return s.touch(ctx, "/code", map[string]string{"code": code})
}

// TypeReturn types the code of a return.
func (s *Screen) TypeReturn(ctx context.Context, code string) (Answer, error) {
	return s.touch(ctx, "/return", map[string]string{"code": code})
}

// IAmACourier touches that button.
func (s *Screen) IAmACourier(ctx context.Context) (Answer, error) {
	return s.touch(ctx, "/courier", struct{}{})
}

// Cancel touches that button.
func (s *Screen) Cancel(ctx context.Context) (Answer, error) {
	return s.touch(ctx, "/cancel", struct{}{})
}

// Decline says that the parcel whose code was taken is not wanted.
func (s *Screen) Decline(ctx context.Context) (Answer, error) {
	return s.touch(ctx, "/decline", struct{}{})
}

// Stop is the end of being led from door to door.
func (s *Screen) Stop(ctx context.Context) error {
	return call(ctx, http.MethodPost, s.url+"/stop", nil, struct{}{}, nil)
}

func (s *Screen) touch(ctx context.Context, path string, body any) (Answer, error) {
	var a Answer
	err := call(ctx, http.MethodPost, s.url+path, nil, body, &a)
	return a, err
}

// refused is an answer of 300 or more.
type refused struct {
	what   string // method, path and status
	answer []byte
}

func (r *refused) Error() string { return fmt.Sprintf("%s: %s", r.what, r.answer) }

// code is a problem's stable word (RFC 9457); empty for any other answer.
func (r *refused) code() string {
	var problem struct{ Code string }
	_ = json.Unmarshal(r.answer, &problem) // what is no problem has none
	return problem.Code
}

// call sends JSON and reads JSON; a status of 300 or more is an error that quotes the answer.
func call(ctx context.Context, method, url string, header map[string]string, body, into any) error {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return &refused{fmt.Sprintf("%s %s: %s", method, request.URL.Path, response.Status), bytes.TrimSpace(data)}
	}
	if into == nil || len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, into)
}
