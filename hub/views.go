package hub

import (
	"time"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/handover"
	"lockstep/parcel"
)

// The types below are what the command line shows; their JSON is what scripts read. Times are RFC 3339 in UTC.

// MerchantView is a merchant; Key only when it was made just now.
type MerchantView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Range   string `json:"range"`
	Carrier string `json:"carrier"`
	Key     string `json:"key,omitempty"`
}

// HandoverView is what a merchant hands to its carrier at a time.
type HandoverView struct {
	Number    int64      `json:"number"`
	Merchant  string     `json:"merchant"`
	Carrier   string     `json:"carrier"`
	Way       string     `json:"way,omitempty"`
	City      string     `json:"city,omitempty"`
	Created   time.Time  `json:"created"`
	Accepted  *time.Time `json:"accepted,omitempty"`
	Actor     string     `json:"actor,omitempty"`
	Shipments []string   `json:"shipments"`
}

func handoverView(a handover.Act) HandoverView {
	v := HandoverView{Number: a.Number, Merchant: a.Merchant, Carrier: a.Carrier, Way: string(a.Way), City: a.City, Created: time.UnixMicro(a.Created).UTC(),
		Actor: a.Actor, Shipments: append([]string{}, a.Shipments...)}
	if a.Accepted > 0 {
		at := time.UnixMicro(a.Accepted).UTC()
		v.Accepted = &at
	}
	return v
}

// ReturnActView is what a carrier handed back to a merchant at a time.
type ReturnActView struct {
	Number   int64     `json:"number"`
	Merchant string    `json:"merchant"`
	Carrier  string    `json:"carrier"`
	Created  time.Time `json:"created"`
	Actor    string    `json:"actor"`
	Parcels  []string  `json:"parcels"`
}

func returnActView(a handover.ReturnAct) ReturnActView {
	return ReturnActView{Number: a.Number, Merchant: a.Merchant, Carrier: a.Carrier, Created: time.UnixMicro(a.Created).UTC(), Actor: a.Actor, Parcels: append([]string{}, a.Barcodes...)}
}

// MoneyActView is what was paid for a merchant's shipments and transferred to it; sums in the currency's smallest unit.
type MoneyActView struct {
	Number    int64     `json:"number"`
	Merchant  string    `json:"merchant"`
	Order     string    `json:"order"`
	Currency  string    `json:"currency"`
	Shipments int       `json:"shipments"`
	Paid      int64     `json:"paid"`
	Returned  int64     `json:"returned"` // of it, for goods that came back
	Created   time.Time `json:"created"`
	Actor     string    `json:"actor"`
}

func moneyActView(a handover.MoneyTotal) MoneyActView {
	return MoneyActView{Number: a.Number, Merchant: a.Merchant, Order: a.Order, Currency: a.Currency, Shipments: a.Shipments, Paid: a.Paid, Returned: a.Returned,
		Created: time.UnixMicro(a.Created).UTC(), Actor: a.Actor}
}

// LoginView is a login of a merchant's older software; Password only when it was drawn just now.
type LoginView struct {
	Login    string `json:"login"`
	Merchant string `json:"merchant"`
	Contract string `json:"contract"`
	Password string `json:"password,omitempty"`
}

func loginView(l account.Login) LoginView {
	return LoginView{Login: l.Name, Merchant: l.Merchant, Contract: l.Contract}
}

// CourierView is a courier; URL only when the enrolment was made just now.
type CourierView struct {
	ID       string   `json:"id"`
	Carrier  string   `json:"carrier"`
	Lockers  []string `json:"lockers"`
	Enrolled bool     `json:"enrolled"`
	Until    string   `json:"until,omitempty"` // end of the certificate
	URL      string   `json:"url,omitempty"`
}

// CarrierView is a carrier of the charter; Token only when it was made just now.
type CarrierView struct {
	ID       string   `json:"id"`
	KeyAtHub bool     `json:"key_at_hub"`
	Keys     []string `json:"keys,omitempty"` // fingerprints
	Token    string   `json:"token,omitempty"`
}

// LockerView is a locker; Code only when it was made just now.
type LockerView struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Address      string            `json:"address"`
	State        string            `json:"state"`
	Line         string            `json:"line"`
	Heard        string            `json:"heard,omitempty"`
	Position     uint64            `json:"position"`
	Head         uint64            `json:"head"`
	Room         []RoomView        `json:"room"`
	Compartments []CompartmentView `json:"compartments,omitempty"`
	Alarms       []AlarmView       `json:"alarms,omitempty"`
	Code         string            `json:"code,omitempty"`
	Guards       uint64            `json:"guards"` // how many guards it has had
	Epoch        uint64            `json:"epoch,omitempty"`
	Paused       string            `json:"paused,omitempty"` // until when, reckoned
	Lockdown     *LockdownView     `json:"lockdown,omitempty"`
	Technician   string            `json:"technician,omitempty"`
	Requests     []RequestView     `json:"requests,omitempty"`
	Refusals     []RefusalView     `json:"refusals,omitempty"`
}

// LockdownView is the record that a lift has to name.
type LockdownView struct {
	Record uint64 `json:"record"`
	Hash   string `json:"hash"`
	Reason string `json:"reason"`
}

// RequestView is what somebody asked of a locker and what became of it: waiting, taken or refused. What several persons have
// signed has no number.
type RequestView struct {
	Locker  string `json:"locker"`
	Number  uint64 `json:"number,omitempty"`
	Kind    string `json:"kind"`
	Subject string `json:"subject"`
	Actor   string `json:"actor"`
	Made    string `json:"made"`
	State   string `json:"state"`
	Refused string `json:"refused,omitempty"`
}

// RefusalView is how often a guard refused something on one day.
type RefusalView struct {
	Day   string `json:"day"`
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// RoomView is the room of one size.
type RoomView struct {
	Size  parcel.Size `json:"size"`
	Total int         `json:"total"`
	Free  int         `json:"free"`
}

// CompartmentView is one compartment.
type CompartmentView struct {
	Number   uint16      `json:"number"`
	Size     parcel.Size `json:"size"`
	State    string      `json:"state"`
	Faulted  bool        `json:"faulted,omitempty"`
	Blocked  bool        `json:"blocked,omitempty"`
	Untested bool        `json:"untested,omitempty"`
	Parcel   string      `json:"parcel,omitempty"`
}

// AlarmView is an open alarm.
type AlarmView struct {
	ID          string `json:"id"`
	Locker      string `json:"locker"`
	Kind        string `json:"kind"`
	Reason      string `json:"reason,omitempty"`
	Compartment uint16 `json:"compartment,omitempty"`
	Record      uint64 `json:"record,omitempty"`
	Raised      string `json:"raised"`
	Evidence    bool   `json:"evidence,omitempty"`
}

// ParcelView is a parcel with its events.
type ParcelView struct {
	Barcode  string        `json:"barcode"`
	Shipment string        `json:"shipment"`
	Merchant string        `json:"merchant"`
	Locker   string        `json:"locker"`
	Size     parcel.Size   `json:"size"`
	State    string        `json:"state"`
	Claimed  bool          `json:"claimed,omitempty"` // the state rests on somebody's word alone
	Outbound bool          `json:"outbound,omitempty"`
	Hold     string        `json:"hold,omitempty"`
	Due      string        `json:"due,omitempty"`
	Tracking string        `json:"tracking"`
	Events   []EventView   `json:"events,omitempty"`
	Requests []RequestView `json:"requests,omitempty"`
}

// EventView is one custody event.
type EventView struct {
	What     string `json:"what"`
	Actor    string `json:"actor"`
	Reason   string `json:"reason,omitempty"`
	After    string `json:"after"`
	Happened string `json:"happened"`
	Proof    string `json:"proof"`
	Record   uint64 `json:"record,omitempty"`
}

// StatusView is the network at a glance.
type StatusView struct {
	Lockers map[string]int `json:"lockers"` // by line: online, offline, never
	Parcels map[string]int `json:"parcels"` // by state
	Alarms  []AlarmView    `json:"alarms"`
}

// stamp writes a time for people and scripts; empty for 0.
func stamp(micro int64) string {
	if micro == 0 {
		return ""
	}
	return time.UnixMicro(micro).UTC().Format(time.RFC3339)
}

// views turns a list into what is shown of it; never nil, so that JSON has [].
func views[T, V any](list []T, view func(T) V) []V {
	out := make([]V, 0, len(list))
	for _, x := range list {
		out = append(out, view(x))
	}
	return out
}
