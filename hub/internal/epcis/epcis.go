// Package epcis says what happened to parcels in GS1's words: EPCIS 2.0 documents in JSON-LD (GS1 EPCIS 2.0 and its Core Business
// Vocabulary 2.0, June 2022). It is pure. What it names, parcels, lockers and shipments, has the address under which the hub's API
// shows it; nobody is named, and no compartment.
package epcis

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/parcel"
)

// Names are what a document takes its identifiers from.
type Names struct {
	URL  string                             // where the hub's API is reached, absolute and without a slash at the end
	Zone func(locker string) *time.Location // in which a locker stands
}

// Subject is one parcel that a document tells of.
type Subject struct {
	Parcel    custody.Parcel
	Reference string // the merchant's, of its shipment; may be empty
	Events    []custody.Event
}

// Document is an EPCISDocument (EPCIS 2.0, JSON-LD binding).
type Document struct {
	Context       []any  `json:"@context"`
	Type          string `json:"type"`
	SchemaVersion string `json:"schemaVersion"`
	CreationDate  string `json:"creationDate"`
	Body          struct {
		Events []Event `json:"eventList"`
	} `json:"epcisBody"`
}

// Event is an ObjectEvent (EPCIS 2.0) with what proves it: the fact in our own words, its number within the parcel, and,
// where a record does, whose journal it stands in and where.
type Event struct {
	Type         string        `json:"type"`
	ID           string        `json:"eventID"` // of the custody event
	Time         string        `json:"eventTime"`
	ZoneOffset   string        `json:"eventTimeZoneOffset"`
	RecordTime   string        `json:"recordTime"`
	EPCs         []string      `json:"epcList"`
	Action       string        `json:"action"`
	BizStep      string        `json:"bizStep"`
	Disposition  string        `json:"disposition"`
	ReadPoint    *Location     `json:"readPoint,omitempty"`   // the locker, where the parcel was seen there
	BizLocation  *Location     `json:"bizLocation,omitempty"` // the locker, where the parcel is in it afterwards
	Transactions []Transaction `json:"bizTransactionList"`
	Fact         string        `json:"lockstep:fact"`
	Number       int           `json:"lockstep:number"`
	Proof        string        `json:"lockstep:proof"` // record, scan, claim
	Journal      string        `json:"lockstep:journal,omitempty"`
	Guard        uint64        `json:"lockstep:guard,omitempty"` // which of that locker's guards wrote it, from 1
	Record       uint64        `json:"lockstep:record,omitempty"`
}

// Location is a readPoint or bizLocation.
type Location struct {
	ID string `json:"id"`
}

// Transaction is what an event is part of.
type Transaction struct {
	Type string `json:"type,omitempty"`
	ID   string `json:"bizTransaction"`
}

// context is GS1's for EPCIS 2.0.
const context = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

// Document tells all events of parcels in the order in which the hub learned of them.
func (n Names) Document(made time.Time, parcels ...Subject) Document {
	d := Document{Type: "EPCISDocument", SchemaVersion: "2.0", CreationDate: stamp(made.UnixMicro())}
	d.Context = []any{context, map[string]string{"lockstep": n.URL + "/docs#"}}
	d.Body.Events = []Event{}
	for _, s := range parcels {
		for _, e := range s.Events {
			d.Body.Events = append(d.Body.Events, n.event(s, e))
		}
	}
	slices.SortStableFunc(d.Body.Events, func(a, b Event) int { return cmp.Compare(a.RecordTime, b.RecordTime) })
	return d
}

// event says one event. A barcode is given once and stays what it was, also of a parcel that was cancelled: nothing is deleted.
func (n Names) event(s Subject, e custody.Event) Event {
	step, disposition := vocabulary(e.Before, e.After)
	out := Event{Type: "ObjectEvent", ID: "urn:uuid:" + e.ID, Time: stamp(e.Happened), RecordTime: stamp(e.Received),
		ZoneOffset: time.UnixMicro(e.Happened).In(n.Zone(e.Locker)).Format("-07:00"),
		EPCs:       []string{n.parcel(e.Barcode)}, Action: "OBSERVE", BizStep: step, Disposition: disposition, Transactions: n.transactions(s),
		Fact: string(e.What), Number: e.Number, Proof: string(e.Proof)}
	if e.What == parcel.WasAnnounced {
		out.Action = "ADD"
	}
	if e.Proof != parcel.Claim && e.What != parcel.WasDispatched { // a guard that expects a parcel has not seen it
		out.ReadPoint = &Location{n.locker(e.Locker)}
	}
	if e.After.Inside() {
		out.BizLocation = &Location{n.locker(e.Locker)}
	}
	if e.Proof == parcel.Record {
		out.Journal, out.Guard, out.Record = n.locker(e.Locker), e.Guard, e.Record
	}
	return out
}

// transactions are the announcement, a return's being an authorisation, and whatever the merchant's reference means.
func (n Names) transactions(s Subject) []Transaction {
	list := []Transaction{{"desadv", n.URL + "/v1/shipments/" + url.PathEscape(s.Parcel.Shipment)}}
	if s.Parcel.Outbound {
		list[0].Type = "rma"
	}
	if s.Reference != "" {
		list = append(list, Transaction{ID: n.URL + "/v1/shipments?reference=" + url.QueryEscape(s.Reference)})
	}
	return list
}

func (n Names) parcel(barcode string) string { return n.URL + "/v1/parcels/" + url.PathEscape(barcode) }
func (n Names) locker(id string) string      { return n.URL + "/v1/lockers/" + url.PathEscape(id) }

// stamp is a time as EPCIS wants it, and so that texts sort as times do.
func stamp(us int64) string { return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.000000Z") }
