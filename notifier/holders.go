package notifier

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"lockstep/internal/fault"
	"lockstep/internal/quota"
	"lockstep/internal/web"
	"lockstep/notifier/internal/codepage"
	"lockstep/notifier/internal/feed"
	"lockstep/notifier/internal/ledger"
	"lockstep/parcel"
)

// holders answers whoever has a parcel's code, on the code page. They show a digest of the code's QR secret (ledger.WishOf), and may know
// what the locker's journal says of their parcel's door, ask for more time, refuse the parcel and say that something is wrong. What they
// ask for the hub decides by its own rules; nothing of it makes a guard open anything.
type holders struct {
	hub    *feed.Client
	book   *ledger.Ledger
	clock  now
	log    *slog.Logger
	from   *quota.Quota  // requests of an address
	acts   *quota.Quota  // what is asked with one code
	room   chan struct{} // as many ask the hub at a time
	places places
}

const (
	hubAtOnce = 8
	maxWish   = 4096 // a body
)

func newHolders(hub *feed.Client, book *ledger.Ledger, clock now, log *slog.Logger) *holders {
	return &holders{hub: hub, book: book, clock: clock, log: log, from: quota.New(2, 60), acts: quota.New(1.0/60, 6), room: make(chan struct{}, hubAtOnce), places: places{known: map[string]placed{}}}
}

func (h *holders) routes(mux *http.ServeMux) {
	guarded := http.NewCrossOriginProtection()
	for path, do := range map[string]func(w http.ResponseWriter, r *http.Request) error{"about": h.about, "more": h.more, "refuse": h.refuse, "wrong": h.wrong} {
		mux.Handle("POST /c/"+path, guarded.Handler(h.answer(do)))
	}
}

// answer slows down whoever asks often, and turns failures into problems.
func (h *holders) answer(do func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		err := error(nil)
		if h.from.Take(web.Address(r).String(), h.clock.Now()).Allowed {
			err = do(w, r)
		} else {
			err = busy()
		}
		if err == nil {
			return
		}
		if fault.KindOf(err) == fault.Internal && r.Context().Err() == nil {
			h.log.Error("a question about a parcel failed", "path", r.URL.Path, "error", err)
		}
		web.Problem(w, err)
	})
}

func busy() error {
	return fault.New(fault.Unavailable, "busy", "too many ask at this moment; try again")
}

// stay finds the stay that a wish, in hexadecimal, is of. Whatever is wrong with the wish, the answer is the same.
func (h *holders) stay(ctx context.Context, wish string) (ledger.Stay, error) {
	digest, err := hex.DecodeString(wish)
	if err != nil {
		digest = nil
	}
	return h.book.Stay(ctx, digest)
}

// A parcel as the page is told of it. Times are seconds since 1970, 0 where unknown.
type (
	aboutParcel struct {
		Barcode  string         `json:"barcode"`
		Door     uint16         `json:"door"`
		Due      int64          `json:"due"`
		Ended    string         `json:"ended"`
		EndedAt  int64          `json:"ended_at"`
		Overdue  bool           `json:"overdue"`
		Unsure   bool           `json:"unsure"`
		Unpaid   bool           `json:"unpaid"`
		Declined bool           `json:"declined"`
		MoreTime bool           `json:"more_time"`
		Stopped  bool           `json:"stopped"`
		DarkFrom int64          `json:"dark_from"`
		Openings []aboutOpening `json:"openings"`
	}
	aboutOpening struct {
		What       string `json:"what"`
		At         int64  `json:"at"`
		First      uint64 `json:"first"`
		Last       uint64 `json:"last"`
		Carrier    string `json:"carrier,omitempty"`
		Credential string `json:"credential,omitempty"`
		Reason     string `json:"reason,omitempty"`
		Seen       bool   `json:"seen"`
		End        string `json:"end"`
	}
)

// about tells of the parcels of a page, null for each wish that none is known for, and of their locker's place.
func (h *holders) about(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Wishes []string `json:"wishes"`
	}
	if err := web.ReadJSON(w, r, maxWish, &body); err != nil {
		return err
	}
	if len(body.Wishes) > codepage.MaxCodes {
		return fault.New(fault.Invalid, "too_many", "ask for %d parcels at once at most", codepage.MaxCodes)
	}
	parcels, place := make([]*aboutParcel, len(body.Wishes)), (*feed.Place)(nil)
	for i, wish := range body.Wishes {
		s, err := h.stay(r.Context(), wish)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		parcels[i] = told(s)
		if place == nil {
			place = h.place(r.Context(), s.Locker)
		}
	}
	web.JSON(w, map[string]any{"parcels": parcels, "place": place})
	return nil
}

func told(s ledger.Stay) *aboutParcel {
	p := &aboutParcel{s.Barcode, s.Door, seconds(s.Due), s.Ended, seconds(s.EndedAt), s.Overdue, s.Unsure, s.Unpaid, s.Declined, s.MoreTime, s.Stopped, seconds(s.DarkFrom), []aboutOpening{}}
	for _, o := range s.Openings {
		p.Openings = append(p.Openings, aboutOpening{o.What, seconds(o.At), o.First, o.Last, o.Carrier, o.Credential, o.Reason, o.Seen, o.End})
	}
	return p
}

func seconds(micros int64) int64 { return micros / 1e6 }

// asked asks the hub something, if not too many do.
func (h *holders) asked(ctx context.Context, patience time.Duration, do func(ctx context.Context) error) error {
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	default:
		return busy()
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return do(ctx)
}

// withWish is what an act says of whom it is for.
type withWish struct {
	Wish string `json:"wish"`
}

func (h *holders) more(w http.ResponseWriter, r *http.Request) error {
	var body withWish
	return h.act(w, r, &body, &body.Wish, "more time asked for", func(ctx context.Context, s ledger.Stay) error {
		if !s.MoreTime || s.Ended != "" {
			return fault.New(fault.Conflict, "not_now", "more time cannot be asked for this parcel")
		}
		if err := h.hub.Extend(ctx, s.Barcode); err != nil {
			return err
		}
		return h.book.Asked(ctx, s, "more time asked for", h.clock.Now())
	})
}

// refuse takes the recipient's word that they do not want the parcel: the hub lets it go back when it is due. Until then its code opens.
func (h *holders) refuse(w http.ResponseWriter, r *http.Request) error {
	var body withWish
	return h.act(w, r, &body, &body.Wish, "refused", func(ctx context.Context, s ledger.Stay) error {
		if s.Declined {
			return nil
		}
		if s.Ended != "" {
			return fault.New(fault.Conflict, "not_now", "the parcel is not in the locker any more")
		}
		if err := h.hub.Refuse(ctx, s.Barcode); err != nil {
			return err
		}
		return h.book.Refused(ctx, s, h.clock.Now())
	})
}

// wrong takes the recipient's word that something is wrong, for the operator's support. They may say so after the door has been opened
// and closed, too: whoever finds nothing behind it has collected, for all that the locker knows.
func (h *holders) wrong(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		withWish
		What parcel.Trouble `json:"what"`
		Note string         `json:"note"`
	}
	return h.act(w, r, &body, &body.Wish, "something is wrong", func(ctx context.Context, s ledger.Stay) error {
		note := impersonal(body.Note)
		if body.What.Check() != nil || utf8.RuneCountInString(note) > parcel.MaxNote {
			return fault.New(fault.Invalid, "invalid_report", "say what is wrong, and not more than %d characters beside it", parcel.MaxNote)
		}
		if err := h.hub.Report(ctx, s.Barcode, string(body.What), note); err != nil {
			return err
		}
		return h.book.Asked(ctx, s, "something is wrong: "+string(body.What), h.clock.Now())
	})
}

// act does what somebody asks who has a parcel's code, and answers 202: what comes of it is the hub's, and the locker's.
func (h *holders) act(w http.ResponseWriter, r *http.Request, body any, wish *string, what string, do func(ctx context.Context, s ledger.Stay) error) error {
	if err := web.ReadJSON(w, r, maxWish, body); err != nil {
		return err
	}
	s, err := h.stay(r.Context(), *wish)
	if err != nil {
		return err
	}
	if !h.acts.Take(*wish, h.clock.Now()).Allowed {
		return busy()
	}
	err = h.asked(r.Context(), 10*time.Second, func(ctx context.Context) error { return do(ctx, s) })
	switch {
	case errors.Is(err, feed.ErrConflict):
		return fault.New(fault.Conflict, "not_now", "this cannot be done for this parcel now")
	case fault.KindOf(err) != fault.Internal:
		return err
	case err != nil:
		h.log.Warn("what a recipient asked was not brought to the hub", "what", what, "barcode", s.Barcode, "error", err)
		return fault.New(fault.Unavailable, "away", "this cannot be asked at the moment; try again")
	}
	h.log.Info(what, "barcode", s.Barcode)
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// contacts are what a note may hold of a person: an e-mail address, a phone number.
var contacts = regexp.MustCompile(`\S+@\S+|\+?\d(?:[\s().-]{0,3}\d){6,}`)

// impersonal is a note as one line of print without contacts: it goes to the hub, which keeps none.
func impersonal(note string) string {
	return contacts.ReplaceAllString(oneLine(note), "…")
}

func oneLine(text string) string {
	printed := strings.Map(func(r rune) rune {
		if r != utf8.RuneError && unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(printed), " ")
}
