package courier

import (
	"embed"
	"encoding/base64"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
	"lockstep/internal/quota"
	"lockstep/internal/web"
	"lockstep/internal/words"
)

// The courier's phone speaks JSON. Its key is the 65 bytes of a P-256 point, proofs are ES256 signatures r‖s; bytes travel as
// base64.
const maxBody = 8 << 10

//go:embed page
var files embed.FS

// Page is what the courier's page and what it asks stand on.
type Page struct {
	Couriers      *Couriers
	Network       Network
	Log           *slog.Logger
	FrameAncestor string // an origin that may hold the page in a frame (the demo); empty for none
}

type page struct {
	Page
	bad *quota.Quota // proofs of an address: ten at once, and one every ten seconds
}

// NewPage is the handler of /courier/ and /assets/.
func NewPage(c Page) http.Handler {
	own, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	p := &page{Page: c, bad: quota.New(0.1, 10)}
	mux := http.NewServeMux()
	mux.Handle("GET /courier", http.RedirectHandler("/courier/", http.StatusMovedPermanently))
	mux.Handle("/courier/", http.StripPrefix("/courier/", index(web.Files(words.Page(own, "courier")))))
	mux.HandleFunc("POST /courier/v1/enrol", p.known(p.enrol))
	mux.HandleFunc("POST /courier/v1/renew", p.known(p.renew))
	mux.HandleFunc("GET /courier/v1/today", p.asked(p.today))
	mux.HandleFunc("POST /courier/v1/lockers/{locker}/parcels/{barcode}/no-room", p.asked(p.noRoom))
	mux.HandleFunc("GET /courier/v1/lockers/{locker}/down", p.asked(p.down))
	mux.HandleFunc("POST /courier/v1/lockers/{locker}/up", p.asked(p.up))
	mux.HandleFunc("GET /courier/v1/acts", p.asked(p.acts))
	mux.HandleFunc("GET /courier/v1/acts/{code}", p.asked(p.act))
	mux.HandleFunc("POST /courier/v1/acts/{code}", p.asked(p.accept))
	mux.HandleFunc("/courier/v1/", func(w http.ResponseWriter, _ *http.Request) {
		web.Problem(w, fault.New(fault.NotFound, "no_such_thing", "nothing is served here"))
	})
	mux.Handle("GET /assets/", web.AssetsHandler())
	phone := web.Policy{Camera: true, Location: true}
	if c.FrameAncestor != "" {
		phone.FrameAncestors = []string{c.FrameAncestor}
	}
	return web.Secure(phone, http.NewCrossOriginProtection().Handler(mux))
}

func index(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "index.html"
		}
		next.ServeHTTP(w, r)
	})
}

// fail answers with a problem; what strangers do not see of it goes to the log.
func (p *page) fail(w http.ResponseWriter, r *http.Request, err error) {
	if fault.KindOf(err) == fault.Internal {
		p.Log.Error("courier's page", "path", r.Pattern, "error", err)
	}
	web.Problem(w, err)
}

// certified is what a phone keeps of its courier.
type certified struct {
	Courier     string   `json:"courier"`
	Carrier     string   `json:"carrier"`
	Lockers     []string `json:"lockers"` // "*" alone is the whole network
	Deposit     bool     `json:"deposit"`
	Withdraw    bool     `json:"withdraw"`
	Until       int64    `json:"until"`       // µs UTC
	Certificate []byte   `json:"certificate"` // envelope of a statement.Courier
}

// known answers with the certificate that do gives, and slows down who brings bad proofs. Good ones cost nothing: a depot behind one
// address enrols as many couriers as it has.
func (p *page) known(do func(w http.ResponseWriter, r *http.Request) (Courier, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from, now := web.Address(r).String(), p.Couriers.Now()
		if p.bad.Empty(from, now) {
			w.Header().Set("Retry-After", "10")
			p.fail(w, r, fault.New(fault.Paused, "too_many_tries", "too many tries from your address; wait a little"))
			return
		}
		c, err := do(w, r)
		if err != nil {
			if fault.KindOf(err) == fault.Denied {
				p.bad.Take(from, now)
			}
			p.fail(w, r, err)
			return
		}
		p.Log.Info("courier certified", "courier", c.ID, "carrier", c.Carrier, "until", c.Until)
		web.JSON(w, certified{c.ID, c.Carrier, c.Lockers, c.Deposit, c.Withdraw, c.Until, c.Certificate})
	}
}

// enrol takes a one-time token, a key and its proof over EnrolmentMessage.
func (p *page) enrol(w http.ResponseWriter, r *http.Request) (Courier, error) {
	var body struct {
		Token string `json:"token"`
		Key   []byte `json:"key"`
		Proof []byte `json:"proof"`
	}
	if err := web.ReadJSON(w, r, maxBody, &body); err != nil {
		return Courier{}, err
	}
	return p.Couriers.Enrol(r.Context(), body.Token, statement.Key{Alg: statement.ES256, Public: body.Key}, body.Proof)
}

// renew takes a courier's name, the phone's time and its proof over RenewalMessage.
func (p *page) renew(w http.ResponseWriter, r *http.Request) (Courier, error) {
	var body struct {
		Courier string `json:"courier"`
		At      int64  `json:"at"` // µs UTC
		Proof   []byte `json:"proof"`
	}
	if err := web.ReadJSON(w, r, maxBody, &body); err != nil {
		return Courier{}, err
	}
	return p.Couriers.Renew(r.Context(), body.Courier, body.At, body.Proof)
}

// Request headers with which an enrolled phone says who it is.
const (
	headerCourier = "Lockstep-Courier" // the courier's name
	headerAt      = "Lockstep-At"      // µs UTC, in decimal
	headerProof   = "Lockstep-Proof"   // base64 of the signature over RequestMessage
)

// asking is the courier whose phone signed the request.
func (p *page) asking(r *http.Request) (Courier, error) {
	at, err := strconv.ParseInt(r.Header.Get(headerAt), 10, 64)
	proof, undone := base64.StdEncoding.DecodeString(r.Header.Get(headerProof))
	if err != nil || undone != nil {
		return Courier{}, fault.New(fault.Denied, "bad_proof", "the device's signature does not verify")
	}
	return p.Couriers.proven(r.Context(), r.Header.Get(headerCourier), at, RequestMessage(r.Method, r.URL.Path, at), proof)
}

// asked answers an enrolled phone with what do gives.
func (p *page) asked(do func(r *http.Request, c Courier) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var answer any
		c, err := p.asking(r)
		if err == nil {
			answer, err = do(r, c)
		}
		if err != nil {
			p.fail(w, r, err)
			return
		}
		web.JSON(w, answer)
	}
}

// today lists what there is to do at the lockers the courier is sent to.
func (p *page) today(r *http.Request, c Courier) (any, error) {
	stops, err := p.Network.Round(r.Context(), c)
	return map[string]any{"at": p.Couriers.now(), "lockers": append([]Stop{}, stops...)}, err
}

// noRoom takes a courier's word that the locker in the path has no room for the parcel there, and answers with the stop to take it to.
func (p *page) noRoom(r *http.Request, c Courier) (any, error) {
	locker, barcode := r.PathValue("locker"), r.PathValue("barcode")
	stop, err := p.Network.NoRoom(r.Context(), c, locker, barcode)
	if err == nil {
		p.Log.Info("no room for a parcel", "courier", c.ID, "locker", locker, "parcel", barcode, "to", stop.ID)
	}
	return stop, err
}

// acts lists what merchants have ready for the courier's carrier.
func (p *page) acts(r *http.Request, c Courier) (any, error) {
	acts, err := p.Network.Acts(r.Context(), c)
	return map[string]any{"at": p.Couriers.now(), "acts": append([]Act{}, acts...)}, err
}

// act finds an act by its number or a barcode in it.
func (p *page) act(r *http.Request, c Courier) (any, error) {
	return p.Network.Act(r.Context(), c, r.PathValue("code"))
}

// accept takes the courier's word about an act, which may have been signed when there was no signal.
func (p *page) accept(r *http.Request, c Courier) (any, error) {
	var word Word
	if err := web.ReadJSON(nil, r, MaxWord, &word); err != nil {
		return nil, err
	}
	act, err := p.Network.Accept(r.Context(), c, word)
	if err == nil {
		p.Log.Info("act accepted", "courier", c.ID, "carrier", c.Carrier, "act", act.Number, "parcels", len(word.Barcodes))
	}
	return act, err
}
