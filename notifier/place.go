package notifier

import (
	"context"
	"math"
	"regexp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"lockstep/notifier/internal/feed"
)

const (
	placeKept  = time.Hour
	mostPlaces = 10_000
	maxWay     = 500 // characters
)

// places remembers what the hub said of lockers' places.
type places struct {
	mu    sync.Mutex
	known map[string]placed // by locker
}

// placed is what the hub said of a locker's place, and when.
type placed struct {
	feed.Place
	at time.Time
}

func (p *places) of(locker string) (placed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.known[locker]
	return known, ok
}

func (p *places) learn(locker string, said placed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= mostPlaces {
		clear(p.known)
	}
	p.known[locker] = said
}

// place is what the hub says of a locker's place, an hour old at most; nil where it says nothing at the moment.
func (h *holders) place(ctx context.Context, locker string) *feed.Place {
	at := h.clock.Now()
	known, ok := h.places.of(locker)
	if ok && at.Sub(known.at) < placeKept {
		return &known.Place
	}
	err := h.asked(ctx, 3*time.Second, func(ctx context.Context) error {
		said, err := h.hub.Place(ctx, locker)
		known.Place = believable(said)
		return err
	})
	if err != nil {
		h.log.Debug("the hub says nothing of a locker's place", "locker", locker, "error", err)
		return nil
	}
	known.at = at
	h.places.learn(locker, known)
	return &known.Place
}

// openDay is when a place is open on a day, as package fleet of the hub has it.
var openDay = regexp.MustCompile(`^(NODAY|\d\d:\d\d-\d\d:\d\d(/\d\d:\d\d-\d\d:\d\d)?)$`)

// believable is what the hub says of a place, without what cannot be shown.
func believable(p feed.Place) feed.Place {
	if !(math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180) {
		p.Latitude, p.Longitude = 0, 0
	}
	if p.Way = oneLine(p.Way); utf8.RuneCountInString(p.Way) > maxWay {
		p.Way = ""
	}
	if len(p.Hours) != 7 || slices.ContainsFunc(p.Hours, func(day string) bool { return !openDay.MatchString(day) }) {
		p.Hours = nil
	}
	whole := func(day []int) bool {
		return len(day) == 24 && !slices.ContainsFunc(day, func(level int) bool { return level < 0 || level > 2 })
	}
	if len(p.Busy) != 2 || !whole(p.Busy[0]) || !whole(p.Busy[1]) {
		p.Busy = nil
	}
	return p
}
