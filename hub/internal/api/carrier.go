package api

import (
	"encoding/hex"
	"net/http"

	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
	"lockstep/internal/web"
)

// A carrier's own service asks what its couriers have to do and what merchants have for them, says which of their devices are revoked, and
// hands on what couriers say: that there is no room for a parcel, that they have what is on an act; and what they carry to and from lockers
// that are cut off. Nothing else is asked of the hub: keys,
// certificates and the courier's page are the carrier's.
func (d *door) carriers() {
	d.carrier("GET /carrier/v1/round", d.carrierRound)
	d.carrier("POST /carrier/v1/revocations", d.carrierRevocation)
	d.carrier("POST /carrier/v1/no-room", d.carrierNoRoom)
	d.carrier("GET /carrier/v1/lockers/{locker}/down", d.carrierDown)
	d.carrier("POST /carrier/v1/lockers/{locker}/up", d.carrierUp)
	d.carrier("GET /carrier/v1/acts", d.carrierActs)
	d.carrier("GET /carrier/v1/acts/{code}", d.carrierAct)
	d.carrier("POST /carrier/v1/acts", d.carrierAccept)
}

// carrier registers a handler that only carriers with a token reach. A nil answer is 204.
func (d *door) carrier(pattern string, do func(r *http.Request, carrier string) (answer any, err error)) {
	d.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		answer := any(nil)
		carrier, err := d.Accounts.CarrierOfToken(r.Context(), bearer(r.Header.Get("Authorization")))
		if err == nil {
			answer, err = do(r, carrier)
		}
		d.answer(w, r, answer, err)
	})
}

// carrierRound lists the carrier's parcels at the lockers named by ?locker=, or everywhere.
func (d *door) carrierRound(r *http.Request, carrier string) (any, error) {
	lockers := r.URL.Query()["locker"]
	if len(lockers) > 64 {
		return nil, fault.New(fault.Invalid, "invalid_request", "at most 64 lockers")
	}
	for _, locker := range lockers {
		if err := known(locker, "unknown_locker", "locker"); err != nil {
			return nil, err
		}
	}
	if len(lockers) == 0 {
		lockers = []string{"*"}
	}
	stops, err := d.Custody.Round(r.Context(), carrier, lockers)
	if err != nil {
		return nil, err
	}
	return map[string][]courier.Stop{"lockers": stops}, nil
}

// carrierRevocation takes the id of a courier's key, hexadecimal: that device is no courier's any more.
func (d *door) carrierRevocation(r *http.Request, carrier string) (any, error) {
	var body struct {
		Key string `json:"key"`
	}
	if err := web.ReadJSON(nil, r, maxBody, &body); err != nil {
		return nil, err
	}
	id, err := hex.DecodeString(body.Key)
	if err != nil || len(id) != len(statement.KeyID{}) {
		return nil, fault.New(fault.Invalid, "invalid_key", "a key's id has 32 hexadecimal digits")
	}
	return nil, d.Revoke(r.Context(), carrier, statement.KeyID(id))
}

// carrierNoRoom takes the word of one of the carrier's couriers that a locker has no room for a parcel, and says where to take it.
func (d *door) carrierNoRoom(r *http.Request, carrier string) (any, error) {
	var body struct {
		Courier string   `json:"courier"` // the carrier's name for them
		Lockers []string `json:"lockers"` // where the carrier sends them; "*" is everywhere
		Locker  string   `json:"locker"`
		Barcode string   `json:"barcode"`
	}
	if err := web.ReadJSON(nil, r, maxBody, &body); err != nil {
		return nil, err
	}
	if err := known(body.Courier, "unknown_courier", "courier"); err != nil {
		return nil, err
	}
	by := courier.Courier{ID: body.Courier, Carrier: carrier, Lockers: body.Lockers, Deposit: true}
	return d.Custody.NoRoom(r.Context(), by, body.Locker, body.Barcode)
}

// carrierActs lists what merchants have ready for the carrier.
func (d *door) carrierActs(r *http.Request, carrier string) (any, error) {
	acts, err := d.Handovers.Open(r.Context(), carrier)
	return map[string][]courier.Act{"acts": append([]courier.Act{}, acts...)}, err
}

// carrierAct finds an act by its number or a barcode in it.
func (d *door) carrierAct(r *http.Request, carrier string) (any, error) {
	return d.Handovers.Scanned(r.Context(), carrier, r.PathValue("code"))
}

// carrierAccept takes the signed word of one of the carrier's couriers about an act.
func (d *door) carrierAccept(r *http.Request, carrier string) (any, error) {
	var body struct {
		Courier string       `json:"courier"`
		Word    courier.Word `json:"word"`
	}
	if err := web.ReadJSON(nil, r, courier.MaxWord, &body); err != nil {
		return nil, err
	}
	return d.Handovers.AcceptScanned(r.Context(), courier.Courier{ID: body.Courier, Carrier: carrier}, body.Word)
}

// carrierDown gives what waits for a locker at which the carrier has something to do.
func (d *door) carrierDown(r *http.Request, carrier string) (any, error) {
	locker := r.PathValue("locker")
	if err := known(locker, "unknown_locker", "locker"); err != nil {
		return nil, err
	}
	return d.Custody.Down(r.Context(), courier.Courier{Carrier: carrier, Lockers: []string{"*"}}, locker)
}

// carrierUp takes a stretch of a locker's journal that a courier has brought.
func (d *door) carrierUp(r *http.Request, _ string) (any, error) {
	locker := r.PathValue("locker")
	var haul courier.Haul
	err := known(locker, "unknown_locker", "locker")
	if err == nil {
		err = web.ReadJSON(nil, r, courier.MaxHaul, &haul)
	}
	if err == nil {
		err = d.Custody.Up(r.Context(), locker, haul)
	}
	return nil, err
}
