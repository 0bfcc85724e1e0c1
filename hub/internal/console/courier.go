package console

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/web"
)

// The courier's phone speaks JSON. Its key is the 65 bytes of a P-256 point, proofs are ES256 signatures r‖s; bytes travel as
// base64.
const maxBody = 8 << 10

// proofAge is how far a phone's clock may be off.
const proofAge = 5 * time.Minute

// enrolled is what a phone keeps of its courier.
type enrolled struct {
	Courier     string   `json:"courier"`
	Carrier     string   `json:"carrier"`
	Lockers     []string `json:"lockers"` // "*" alone is the whole network
	Deposit     bool     `json:"deposit"`
	Withdraw    bool     `json:"withdraw"`
	Until       int64    `json:"until"`       // µs UTC
	Certificate []byte   `json:"certificate"` // envelope of a statement.Courier
}

func shownCourier(c account.Courier) enrolled {
	return enrolled{c.ID, c.Carrier, c.Lockers, c.Deposit, c.Withdraw, c.Until, c.Certificate}
}

// enrol takes a one-time token, a key and its proof (account.EnrolmentMessage).
func (c *console) enrol(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Token string `json:"token"`
		Key   []byte `json:"key"`
		Proof []byte `json:"proof"`
	}
	if err := web.ReadJSON(w, r, maxBody, &body); err != nil {
		c.fail(w, r, err)
		return
	}
	courier, err := c.Accounts.EnrolCourier(r.Context(), body.Token, statement.Key{Alg: statement.ES256, Public: body.Key}, body.Proof)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	c.Log.Info("courier enrolled", "courier", courier.ID, "carrier", courier.Carrier)
	web.JSON(w, shownCourier(courier))
}

// renew takes a courier's name, the phone's time and its proof (account.RenewalMessage).
func (c *console) renew(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Courier string `json:"courier"`
		At      int64  `json:"at"` // µs UTC
		Proof   []byte `json:"proof"`
	}
	if err := web.ReadJSON(w, r, maxBody, &body); err != nil {
		c.fail(w, r, err)
		return
	}
	courier, err := c.Accounts.RenewCourier(r.Context(), body.Courier, body.At, body.Proof)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	web.JSON(w, shownCourier(courier))
}

// Request headers with which an enrolled phone says who it is.
const (
	headerCourier = "Lockstep-Courier" // the courier's name
	headerAt      = "Lockstep-At"      // µs UTC, in decimal
	headerProof   = "Lockstep-Proof"   // base64 of the signature over RequestMessage
)

// RequestMessage is what a phone signs to ask for something: method, path and time in one line.
func RequestMessage(method, path string, at int64) []byte {
	return []byte("lockstep courier request " + method + " " + path + " " + strconv.FormatInt(at, 10))
}

// asking is the courier whose phone signed the request. Denied when it does not verify, its clock is off, or its certificate
// has ended.
func (c *console) asking(r *http.Request) (account.Courier, error) {
	denied := fault.New(fault.Denied, "bad_proof", "the device's signature does not verify")
	at, err := strconv.ParseInt(r.Header.Get(headerAt), 10, 64)
	if err != nil {
		return account.Courier{}, denied
	}
	now := c.Now()
	if age := now.Sub(time.UnixMicro(at)); age > proofAge || age < -proofAge {
		return account.Courier{}, fault.New(fault.Denied, "stale_proof", "the proof is not of the last five minutes; check the device's clock")
	}
	courier, err := c.Accounts.Courier(r.Context(), r.Header.Get(headerCourier))
	if fault.KindOf(err) == fault.NotFound && err != nil {
		return courier, denied
	}
	if err != nil {
		return courier, err
	}
	proof, err := base64.StdEncoding.DecodeString(r.Header.Get(headerProof))
	if err != nil {
		return courier, denied
	}
	if err := account.VerifyDevice(courier.Key, RequestMessage(r.Method, r.URL.Path, at), proof); err != nil {
		return courier, err
	}
	if courier.Until < now.UnixMicro() {
		return courier, fault.New(fault.Denied, "certificate_ended", "the courier's certificate has ended; ask the carrier for a new enrolment")
	}
	return courier, nil
}

// stop is one locker on a courier's round.
type stop struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Address string  `json:"address"`
	Line    string  `json:"line"`
	Heard   int64   `json:"heard,omitempty"` // µs UTC: how old all that is known of the locker is
	Parcels []piece `json:"parcels"`
}

// piece is one parcel on a courier's round.
type piece struct {
	Barcode string `json:"barcode"`
	Size    string `json:"size"`
	Rank    uint8  `json:"rank"`
	Low     bool   `json:"low,omitempty"`
	Task    string `json:"task"` // deposit · withdraw · look
}

// today lists what the courier's carrier has to do at the lockers the courier is sent to.
func (c *console) today(w http.ResponseWriter, r *http.Request) {
	courier, err := c.asking(r)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	parcels, err := c.live(r.Context(), courier)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	stops, err := c.round(r, courier, parcels)
	if err != nil {
		c.fail(w, r, err)
		return
	}
	web.JSON(w, map[string]any{"at": c.Now().UnixMicro(), "lockers": stops})
}

// live asks for each of the courier's lockers by itself, because one answer is bounded.
func (c *console) live(ctx context.Context, courier account.Courier) (parcels []custody.Parcel, err error) {
	for _, locker := range courier.Lockers {
		if locker == "*" {
			locker = ""
		}
		list, err := c.Custody.Live(ctx, courier.Carrier, locker)
		if err != nil {
			return nil, err
		}
		parcels = append(parcels, list...)
	}
	return parcels, nil
}

func (c *console) round(r *http.Request, courier account.Courier, parcels []custody.Parcel) ([]stop, error) {
	pieces := map[string][]piece{}
	for _, p := range parcels {
		task := p.Task()
		if task == "" || !courier.Covers(p.Locker) || p.Hold != "" && task == "deposit" {
			continue
		}
		pieces[p.Locker] = append(pieces[p.Locker], piece{p.Barcode, p.Size.String(), uint8(p.Size), p.Low, task})
	}
	stops := make([]stop, 0, len(pieces))
	for id, of := range pieces {
		locker, err := c.Fleet.Locker(r.Context(), id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, errors.Join(errors.New("console: round"), err)
		}
		stops = append(stops, shownStop(id, locker, of))
	}
	slices.SortFunc(stops, func(a, b stop) int { return cmp.Compare(a.ID, b.ID) })
	return stops, nil
}

func shownStop(id string, l fleet.Locker, of []piece) stop {
	slices.SortFunc(of, func(a, b piece) int { return cmp.Compare(a.Barcode, b.Barcode) })
	return stop{ID: id, Name: l.Name, Address: l.Address, Line: string(l.Line), Heard: l.Heard, Parcels: of}
}
