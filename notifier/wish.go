package notifier

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/notifier/internal/feed"
	"lockstep/notifier/internal/ledger"
)

// wishes takes recipients' wishes for more time from the code page. Who has a parcel's code may ask; how long is the merchant's word
// at the hub, and the guard decides.
type wishes struct {
	hub   *feed.Client
	book  *ledger.Ledger
	clock now
	log   *slog.Logger
	room  chan struct{} // as many wishes are looked at at a time: each opens a seal
}

const wishesAtOnce = 4

func newWishes(hub *feed.Client, book *ledger.Ledger, clock now, log *slog.Logger) *wishes {
	return &wishes{hub, book, clock, log, make(chan struct{}, wishesAtOnce)}
}

func (s *wishes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Barcode string `json:"barcode"`
		Wish    string `json:"wish"` // ledger.WishOf, in hexadecimal
	}
	err := web.ReadJSON(w, r, 1024, &body)
	if err == nil {
		err = s.take(r.Context(), body.Barcode, body.Wish)
	}
	if err != nil {
		web.Problem(w, err)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

func (s *wishes) take(ctx context.Context, barcode, wish string) error {
	select {
	case s.room <- struct{}{}:
		defer func() { <-s.room }()
	default:
		return fault.New(fault.Unavailable, "busy", "too many ask at this moment; try again")
	}
	digest, err := hex.DecodeString(wish)
	if err != nil {
		return fault.New(fault.Invalid, "malformed", "not the JSON that is expected here")
	}
	if err := s.book.MayWish(ctx, barcode, digest); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	switch err := s.hub.Extend(ctx, barcode); {
	case errors.Is(err, feed.ErrConflict):
		return fault.New(fault.Conflict, "no_more_time", "this parcel may not wait any longer")
	case err != nil:
		s.log.Warn("a wish for more time was not brought to the hub", "barcode", barcode, "error", err)
		return fault.New(fault.Unavailable, "away", "this cannot be asked at the moment; try again")
	}
	s.log.Info("more time asked for", "barcode", barcode)
	return s.book.Wished(ctx, barcode, s.clock.Now())
}
