package api

import (
	"net/http"
	"time"
	"unicode/utf8"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/parcel"
)

// What recipients ask on the page of their code comes from the notifier, which has recognized them by it. Who they are it does not say.

func (d *door) recipients() {
	d.service(account.Notifier, "POST /notifier/v1/extend", d.feedExtend)
	d.service(account.Notifier, "POST /notifier/v1/refuse", d.feedRefuse)
	d.service(account.Notifier, "POST /notifier/v1/report", d.feedReport)
	d.service(account.Notifier, "GET /notifier/v1/lockers/{locker}/place", d.feedPlace)
}

// barcodeOf reads a body that says of which parcel something is asked.
func barcodeOf(r *http.Request) (string, error) {
	var body struct {
		Barcode string `json:"barcode"`
	}
	if err := web.ReadJSON(nil, r, maxFeed, &body); err != nil {
		return "", err
	}
	return body.Barcode, known(body.Barcode, "unknown_parcel", "parcel")
}

// feedExtend is a recipient's wish for more time, whom the notifier has recognized by the parcel's code. They get as much as the
// merchant lets its recipients have, and no more whoever asks. Faults: NotFound; Conflict where the merchant lets them have none, or the
// parcel waits for nobody or as long already.
func (d *door) feedExtend(r *http.Request) (any, error) {
	barcode, err := barcodeOf(r)
	if err != nil {
		return nil, err
	}
	p, err := d.Custody.Parcel(r.Context(), "", barcode)
	if err != nil {
		return nil, err
	}
	rule, err := d.Accounts.Rule(r.Context(), p.Merchant)
	if err != nil {
		return nil, err
	}
	if rule.Extension == 0 {
		return nil, fault.New(fault.Conflict, "not_allowed", "the merchant does not let its recipients ask for more time")
	}
	asked, err := d.Custody.Extend(r.Context(), "", p.Barcode, rule.Extension, "recipient")
	if err != nil {
		return nil, err
	}
	return nil, d.Accounts.Audit(r.Context(), "recipient", "asked: "+asked.Kind, p.Barcode)
}

type feedPlace struct {
	Latitude  float64       `json:"latitude"`
	Longitude float64       `json:"longitude"`
	Way       string        `json:"way"`   // how to find it
	Hours     []string      `json:"hours"` // as fleet.Site
	Busy      *custody.Busy `json:"busy"`  // null where too little is known
}

// feedRefuse is a recipient's word that they do not want a parcel, whom the notifier has recognized by its code. Faults: NotFound;
// Conflict where it is not in a locker.
func (d *door) feedRefuse(r *http.Request) (any, error) {
	barcode, err := barcodeOf(r)
	if err != nil {
		return nil, err
	}
	if err := d.Custody.Refuse(r.Context(), barcode); err != nil {
		return nil, err
	}
	return nil, d.Accounts.Audit(r.Context(), "recipient", "refused", barcode)
}

// feedReport is a recipient's word that something is wrong with a parcel. Faults: NotFound; Invalid; Conflict where it was in no locker, or
// somebody looks after it already.
func (d *door) feedReport(r *http.Request) (any, error) {
	var body struct {
		Barcode string         `json:"barcode"`
		What    parcel.Trouble `json:"what"`
		Note    string         `json:"note"`
	}
	if err := web.ReadJSON(nil, r, maxFeed, &body); err != nil {
		return nil, err
	}
	if err := known(body.Barcode, "unknown_parcel", "parcel"); err != nil {
		return nil, err
	}
	if body.What.Check() != nil || utf8.RuneCountInString(body.Note) > parcel.MaxNote || clean(body.Note) != nil {
		return nil, fault.New(fault.Invalid, "invalid_report", "what is wrong is one of a few words; a note is one line of at most %d characters", parcel.MaxNote)
	}
	if err := d.Custody.Report(r.Context(), body.Barcode, body.What, body.Note); err != nil {
		return nil, err
	}
	return nil, d.Accounts.Audit(r.Context(), "recipient", "says that something is wrong: "+string(body.What), body.Barcode)
}

// feedPlace is what recipients may know of where a locker stands, and of how busy it is.
func (d *door) feedPlace(r *http.Request) (any, error) {
	locker := r.PathValue("locker")
	if err := known(locker, "unknown_locker", "locker"); err != nil {
		return nil, err
	}
	l, err := d.Fleet.Locker(r.Context(), locker)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(l.Zone)
	if err != nil {
		return nil, err
	}
	out := feedPlace{Latitude: l.Latitude, Longitude: l.Longitude, Hours: []string{}}
	sites, err := d.Fleet.Sites(r.Context(), locker)
	if err != nil {
		return nil, err
	}
	for _, s := range sites {
		out.Way, out.Hours = s.Way, s.Hours
	}
	out.Busy, err = d.Custody.Busy(r.Context(), locker, zone)
	return out, err
}
