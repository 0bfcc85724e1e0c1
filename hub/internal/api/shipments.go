package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/internal/contact"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

type newShipment struct {
	Locker     string      `json:"locker" minLength:"1" maxLength:"32" example:"msk-0042" doc:"Where it goes"`
	From       string      `json:"from_locker,omitempty" maxLength:"32" doc:"A locker into which a customer of yours puts the parcels, each by its sender_code; your carrier takes them on. Absent where its couriers put them in"`
	DwellHours int         `json:"dwell_hours,omitempty" minimum:"24" maximum:"1440" default:"72" doc:"How long a stored parcel may wait before it is overdue"`
	Reference  string      `json:"reference,omitempty" maxLength:"100" example:"ORDER-117" doc:"Yours; printed on the label, so nothing about the recipient"`
	Recipient  *recipient  `json:"recipient,omitempty" doc:"How the recipient is told. Sealed at once to the notifier; nothing of it is shown again but, on labels, the name and the last digits of the phone number. Absent where every parcel has a sealed_contact."`
	Parcels    []newParcel `json:"parcels" minItems:"1" maxItems:"20" doc:"One for each label. What is packed together under one label is one parcel: it takes one compartment and has one code"`
	COD        *Money      `json:"cash_on_delivery,omitempty" doc:"To be paid before its parcels are handed out: the lockers themselves open none of them to its code before that. Fixed now, but for the amount."`
}

type recipient struct {
	Phone    sealed `json:"phone,omitempty" maxLength:"32" example:"+79161234567" doc:"With + and the country's code; phone or email is needed"`
	Email    sealed `json:"email,omitempty" maxLength:"254" example:"ann@example.org"`
	Name     sealed `json:"name,omitempty" maxLength:"100" example:"Ann"`
	Language string `json:"language,omitempty" enum:"ru,en" default:"en"`
}

type newParcel struct {
	Size       string      `json:"size,omitempty" enum:"S,M,L" example:"M" doc:"Size of compartment; or give dimensions_mm"`
	Dimensions *dimensions `json:"dimensions_mm,omitempty" doc:"Of the box; the smallest size that takes it, turned as it may be, is chosen"`
	WeightG    int         `json:"weight_g,omitempty" minimum:"1" maximum:"100000" example:"850"`
	Low        bool        `json:"low,omitempty" doc:"The recipient needs a low door"`
	Reference  string      `json:"reference,omitempty" maxLength:"100" example:"BOX-1"`

	Barcode       string `json:"barcode,omitempty" pattern:"^[0-9]{12}$" example:"200010000018" doc:"One that you have reserved; with sealed_contact"`
	SealedContact []byte `json:"sealed_contact,omitempty" maxLength:"6000" doc:"The recipient's contact for this barcode, sealed and signed by your own software; instead of recipient, where your number range has a contact key. Seal once and send the same again after a doubt."`
}

type dimensions struct {
	L int `json:"l" minimum:"1" maximum:"10000" example:"300" doc:"Length, mm"`
	W int `json:"w" minimum:"1" maximum:"10000" example:"200" doc:"Width, mm"`
	H int `json:"h" minimum:"1" maximum:"10000" example:"150" doc:"Height, mm"`
}

type createIn struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"255" example:"order-117-1" doc:"Yours, one for each shipment: send it again after a doubt and nothing happens twice"`
	Body newShipment
}

type createOut struct {
	Location string `header:"Location" doc:"Of the shipment"`
	Replayed string `header:"Idempotency-Replayed" doc:"true when this key had made the shipment before"`
	Body     Shipment
}

type shipmentOut struct{ Body Shipment }

type shipmentIn struct {
	ID string `path:"id" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f"`
}

type listIn struct {
	State     string `query:"state" enum:"announced,dispatched,stored,overdue,uncertain,collected,withdrawn,recovered,returned,cancelled" doc:"Only shipments with a parcel in this state"`
	Reference string `query:"reference" maxLength:"100" doc:"Only shipments with this reference of yours"`
	Returns   bool   `query:"returns" doc:"true: only what customers send back"`
	Limit     int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor    string `query:"cursor" maxLength:"200" doc:"next_cursor of the page before"`
}

type listOut struct {
	Body struct {
		Shipments []Shipment `json:"shipments" doc:"Newest first"`
		Next      string     `json:"next_cursor,omitempty" doc:"Give it as cursor for the next page; absent on the last"`
	}
}

func (d *door) shipments() {
	tags := []string{"Shipments"}
	route(d, huma.Operation{OperationID: "createShipment", Method: http.MethodPost, Path: "/v1/shipments", Tags: tags, DefaultStatus: 201,
		Summary:     "Announce a shipment",
		Description: "All or nothing: barcodes are given, room is reserved by size and the carrier is told, or nothing happens. Codes: idempotency_conflict, locker_full, locker_not_ready, barcode_used, contact_key_in_use, no_contact_key (409); unknown_locker, no_contact, invalid_phone, invalid_email, does_not_fit, size_or_dimensions, recipient_or_sealed, not_your_barcode, barcode_not_reserved, contact_refused, contact_of_another_barcode, no_payments, invalid_amount (422).",
		RequestBody: example(map[string]any{"locker": "msk-0042", "dwell_hours": 72, "reference": "ORDER-117",
			"recipient": map[string]any{"phone": "+79161234567", "name": "Ann", "language": "en"}, "parcels": []any{map[string]any{"size": "M", "weight_g": 850, "reference": "BOX-1"}}}),
		Errors: []int{400, 409, 413, 415}}, d.create)
	route(d, huma.Operation{OperationID: "listShipments", Method: http.MethodGet, Path: "/v1/shipments", Tags: tags,
		Summary: "List shipments", Errors: []int{422}}, d.list)
	route(d, huma.Operation{OperationID: "getShipment", Method: http.MethodGet, Path: "/v1/shipments/{id}", Tags: tags,
		Summary: "Look at a shipment", Errors: []int{404}}, d.get)
	route(d, huma.Operation{OperationID: "cancelShipment", Method: http.MethodPost, Path: "/v1/shipments/{id}/cancel", Tags: tags,
		Summary:     "Give a shipment up",
		Description: "Parcels not yet put in are cancelled. Those in the locker get a hold and come back to you when they are due: nobody can recall them earlier. Doing it twice is no error.",
		Errors:      []int{404, 409}}, d.cancel)
	route(d, huma.Operation{OperationID: "redirectShipment", Method: http.MethodPost, Path: "/v1/shipments/{id}/redirect", Tags: tags,
		Summary:     "Send a shipment to another locker",
		Description: "All its parcels that are not put in yet, and those that the carrier has taken out again. The locker it was for may have been told of them, and takes them until its list ends: wherever a parcel is put in, there it is, and its recipient hears where. Doing it twice is no error. Codes: too_late, return_permit, locker_full, locker_not_ready (409); unknown_locker (422).",
		Errors:      []int{400, 404, 409, 413, 415}}, d.redirect)
}

type redirectIn struct {
	ID   string `path:"id" maxLength:"64" example:"0199f3a2-7c1e-7d10-8a44-0f6b1c2d3e4f"`
	Body struct {
		Locker string `json:"locker" minLength:"1" maxLength:"32" example:"msk-0043" doc:"Where it goes now"`
	}
}

func (d *door) redirect(ctx context.Context, m account.Merchant, in *redirectIn) (*shipmentOut, error) {
	if err := known(in.ID, "unknown_shipment", "shipment"); err != nil {
		return nil, err
	}
	if !id.MatchString(in.Body.Locker) {
		return nil, fault.New(fault.Invalid, "unknown_locker", "there is no such locker")
	}
	s, err := d.Custody.Redirect(ctx, m.ID, in.ID, in.Body.Locker, "merchant")
	return &shipmentOut{d.shipment(s)}, err
}

func (d *door) create(ctx context.Context, m account.Merchant, in *createIn) (*createOut, error) {
	s, replayed, err := d.announce(ctx, m, in.Key, in.Body)
	if err != nil {
		return nil, err
	}
	out := &createOut{Location: "/v1/shipments/" + s.ID, Body: d.shipment(s)}
	for i, p := range s.Parcels {
		if p.Onward {
			out.Body.Parcels[i].SenderCode = d.ReturnCode(p.Barcode)
		}
	}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// announce announces a shipment under an idempotency key; its contact goes into a seal or nowhere.
func (d *door) announce(ctx context.Context, m account.Merchant, key string, body newShipment) (s custody.Shipment, replayed bool, err error) {
	to, err := body.contact()
	if err != nil {
		return s, false, err
	}
	parcels, err := sizes(body.Parcels)
	if err != nil {
		return s, false, err
	}
	if !id.MatchString(body.Locker) || body.From != "" && !id.MatchString(body.From) {
		return s, false, fault.New(fault.Invalid, "unknown_locker", "there is no such locker")
	}
	var cod custody.Money
	if body.COD != nil {
		cod = custody.Money{Amount: body.COD.Amount, Currency: body.COD.Currency}
	}
	return d.Custody.CreateShipment(ctx, custody.NewShipment{Merchant: m.ID, Range: m.Range, Carrier: m.Carrier, COD: cod,
		Key: key, Body: d.digest(m.ID, body, to), Locker: body.Locker, From: body.From, Code: d.ReturnCode, Reference: body.Reference,
		Dwell: parcel.DwellTime(body.DwellHours), Parcels: parcels, Seal: d.seal(to)})
}

// contact is the recipient's; nil where the merchant has sealed it.
func (n newShipment) contact() (*contact.Contact, error) {
	r := n.Recipient
	if r == nil {
		if !slices.ContainsFunc(n.Parcels, func(p newParcel) bool { return p.SealedContact != nil }) {
			return nil, fault.New(fault.Invalid, "recipient_or_sealed", "a shipment has a recipient, or every parcel its barcode and sealed_contact")
		}
		return nil, nil
	}
	to, err := contact.New(string(r.Phone), string(r.Email), string(r.Name), r.Language)
	return &to, err
}

// seal closes the contact for one barcode after the other; only ciphertext leaves this handler.
func (d *door) seal(to *contact.Contact) func(barcode string) ([]byte, error) {
	if to == nil {
		return nil
	}
	plain := to.Encode()
	return func(barcode string) ([]byte, error) { return statement.SealContact(d.Notifier, plain, barcode) }
}

// digest tells a repeated request from another one with the same key. It is keyed because the request holds a contact: without
// the key, which is not in the database, nobody can try phone numbers against it.
func (d *door) digest(merchant string, body newShipment, to *contact.Contact) []byte {
	body.Recipient = nil
	var plain []byte
	if to != nil {
		plain = to.Encode()
	}
	return secret.Keyed(d.BodyKey, []byte(merchant), marshal(body), plain)
}

func marshal(body any) []byte {
	data, err := json.Marshal(body)
	if err != nil {
		panic(err) // plain strings and numbers always marshal
	}
	return data
}

// sizes finds each parcel's size, as said or by its dimensions.
func sizes(list []newParcel) (parcels []custody.NewParcel, err error) {
	for i, p := range list {
		size, err := p.size(i)
		if err != nil {
			return nil, err
		}
		parcels = append(parcels, custody.NewParcel{Size: size, Low: p.Low, WeightG: p.WeightG, Reference: p.Reference, Barcode: p.Barcode, Contact: p.SealedContact})
	}
	return parcels, nil
}

func (p newParcel) size(place int) (parcel.Size, error) {
	if (p.Size == "") == (p.Dimensions == nil) {
		return 0, fault.New(fault.Invalid, "size_or_dimensions", "parcels[%d] needs either a size or dimensions_mm", place)
	}
	if p.Dimensions == nil {
		size, err := parcel.ParseSize(p.Size)
		if err != nil {
			return 0, fault.Wrap(err, fault.Invalid, "invalid_size", "parcels[%d]: a size is S, M or L", place)
		}
		return size, nil
	}
	size, ok := parcel.Fit(parcel.Dimensions{p.Dimensions.L, p.Dimensions.W, p.Dimensions.H})
	if !ok {
		return 0, fault.New(fault.Invalid, "does_not_fit", "parcels[%d] fits no compartment; the largest measures %v mm inside", place, parcel.Large.Inner())
	}
	return size, nil
}

func (d *door) list(ctx context.Context, m account.Merchant, in *listIn) (*listOut, error) {
	last, err := after("shipments", in.Cursor)
	if err != nil {
		return nil, err
	}
	if err := clean(in.Reference); err != nil {
		return nil, err
	}
	list, next, err := d.Custody.Shipments(ctx, m.ID, custody.Filter{State: parcel.State(in.State), Reference: in.Reference, Returns: in.Returns, After: last, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &listOut{}
	out.Body.Shipments, out.Body.Next = []Shipment{}, cursor("shipments", next)
	for _, s := range list {
		out.Body.Shipments = append(out.Body.Shipments, d.shipment(s))
	}
	return out, nil
}

func (d *door) get(ctx context.Context, m account.Merchant, in *shipmentIn) (*shipmentOut, error) {
	if err := known(in.ID, "unknown_shipment", "shipment"); err != nil {
		return nil, err
	}
	s, err := d.Custody.Shipment(ctx, m.ID, in.ID)
	return &shipmentOut{d.shipment(s)}, err
}

func (d *door) cancel(ctx context.Context, m account.Merchant, in *shipmentIn) (*shipmentOut, error) {
	if err := known(in.ID, "unknown_shipment", "shipment"); err != nil {
		return nil, err
	}
	s, err := d.Custody.CancelShipment(ctx, m.ID, in.ID)
	return &shipmentOut{d.shipment(s)}, err
}
