package pickpoint

import (
	"context"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/internal/contact"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// maxSendings bounds one call; each is announced on its own.
const maxSendings = 1000

// created is a sending that is registered now.
type created struct {
	EDTN, SenderCode, InvoiceNumber string
	Barcode                         string // of the first place
	IKN                             string
	Places                          []place
}

// place is one parcel of it. GCBarCode is the shop's own barcode.
type place struct {
	GCBarCode, Barcode string
	CellStorageType    int
}

// rejected is one that is not; it has left nothing behind.
type rejected struct {
	EDTN, SenderCode string
	ErrorCode        int
	ErrorMessage     string
}

// create registers sendings.
func (d *door) create(ctx context.Context, c *call) (any, error) {
	return register(ctx, d, c, func(s, invoice object) (created, error) { return d.createOne(ctx, c, s, invoice) })
}

// register takes sendings one by one: those that are right are there, whatever becomes of the others.
func register[T any](ctx context.Context, d *door, c *call, one func(s, invoice object) (T, error)) (any, error) {
	sendings := c.objects("sendings")
	switch {
	case len(sendings) == 0:
		return nil, fault.New(fault.Invalid, "no_sendings", "there are no sendings")
	case len(sendings) > maxSendings:
		return nil, fault.New(fault.Invalid, "too_many_sendings", "at most %d sendings at once", maxSendings)
	}
	answer := struct {
		CreatedSendings  []T
		RejectedSendings []rejected
	}{[]T{}, []rejected{}}
	for _, s := range sendings {
		invoice := s.object("invoice")
		if invoice == nil {
			invoice = s
		}
		is, err := one(s, invoice)
		if err != nil {
			f := d.failure(ctx, err)
			answer.RejectedSendings = append(answer.RejectedSendings, rejected{cut(s.text("edtn"), 50), cut(invoice.text("sendercode"), 50), f.ErrorCode, f.Error.(string)})
			continue
		}
		answer.CreatedSendings = append(answer.CreatedSendings, is)
	}
	return answer, nil
}

func (d *door) createOne(ctx context.Context, c *call, s, invoice object) (created, error) {
	if err := c.underContract(or(s.text("ikn"), c.text("ikn"))); err != nil {
		return created{}, err
	}
	n, err := d.announcement(c, s, invoice)
	if err != nil {
		return created{}, err
	}
	made, _, err := d.Custody.CreateShipment(ctx, n)
	if err != nil {
		return created{}, err
	}
	is := created{EDTN: cut(s.text("edtn"), 50), SenderCode: made.Reference, InvoiceNumber: made.Number(), Barcode: made.Parcels[0].Barcode, IKN: c.contract}
	for _, p := range made.Parcels {
		is.Places = append(is.Places, place{GCBarCode: p.Reference, Barcode: p.Barcode})
	}
	return is, nil
}

// announcement is a sending as our rooms take it. A sending has no idempotency key: clients repeat their own numbers on purpose.
func (d *door) announcement(c *call, s, invoice object) (n custody.NewShipment, err error) {
	for _, needed := range []struct {
		name  string
		limit int
	}{{"sendercode", 50}, {"recipientname", 150}, {"postamatnumber", 8}, {"mobilephone", 100}} {
		if text := invoice.text(needed.name); text == "" || utf8.RuneCountInString(text) > needed.limit {
			return n, fault.New(fault.Invalid, "needs_"+needed.name, "%s is needed and has at most %d characters", needed.name, needed.limit)
		}
	}
	to, err := recipient(invoice)
	if err != nil {
		return n, err
	}
	parcels, err := places(s, invoice)
	if err != nil {
		return n, err
	}
	from := invoice.object("sendercity")
	terms := custody.Terms{Way: wayOf(invoice), FromCity: cut(from.text("cityname"), 100), FromRegion: cut(from.text("regionname"), 100), Description: cut(invoice.text("description"), 200)}
	plain := to.Encode()
	return custody.NewShipment{COD: cod(invoice), Merchant: c.merchant.ID, Range: c.merchant.Range, Carrier: c.merchant.Carrier, Key: uuid.NewString(), Body: []byte{},
		Locker: invoice.text("postamatnumber"), Reference: invoice.text("sendercode"), Dwell: parcel.DefaultDwell, Terms: terms, Parcels: parcels,
		Seal: func(barcode string) ([]byte, error) { return statement.SealContact(d.Notifier, plain, barcode) }}, nil
}

// cod is what is to be paid on collection: what Sum says, whatever PostageType does.
func cod(invoice object) custody.Money {
	if sum, given := invoice.kopecks("sum"); given && sum > 0 {
		return custody.Money{Amount: sum, Currency: roubles}
	}
	return custody.Money{}
}

// postage is a sending's kind: prepaid, or to be paid for on collection.
func postage(s custody.Shipment) int {
	if s.COD.Amount > 0 {
		return 10003
	}
	return 10001
}

// recipient is a contact in one of the forms that shops write.
func recipient(invoice object) (contact.Contact, error) {
	phone := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, invoice.text("mobilephone"))
	switch {
	case len(phone) == 11 && phone[0] == '8':
		phone = "7" + phone[1:]
	case len(phone) == 10 && phone[0] == '9':
		phone = "7" + phone
	}
	return contact.New("+"+phone, invoice.text("email"), cut(invoice.text("recipientname"), 100), "ru")
}

// places are the parcels of a sending: those that are listed, or the one that stands in its line.
func places(s, invoice object) (parcels []custody.NewParcel, err error) {
	listed := append(invoice.objects("places"), s.objects("places")...)
	if len(listed) == 0 {
		listed = []object{invoice}
	}
	for _, p := range listed {
		size, err := sizeOf(p, 1)
		if err != nil {
			return nil, err
		}
		kilograms, _ := p.decimal("weight")
		if kilograms < 0 || kilograms > 100 {
			return nil, fault.New(fault.Invalid, "invalid_weight", "a place weighs at most 100 kg")
		}
		parcels = append(parcels, custody.NewParcel{Size: size, WeightG: int(math.Round(kilograms * 1000)), Reference: cut(p.text("gcbarcode", "gsbarcode"), 100)})
	}
	return parcels, nil
}

// sizeOf is the smallest compartment for a place; several are measured together, side by side along their longest edge. Many shops
// measure nothing: then it is the middle one, and at the locker the courier asks for a larger one where that is too small.
func sizeOf(p object, places int) (parcel.Size, error) {
	var box parcel.Dimensions
	for i, edge := range []string{"width", "height", "depth"} {
		centimetres, _ := p.decimal(edge)
		if centimetres < 0 || centimetres > 1000 {
			return 0, fault.New(fault.Invalid, "invalid_place", "a place measures at most 1000 cm")
		}
		box[i] = int(math.Ceil(centimetres * 10))
	}
	if box == (parcel.Dimensions{}) {
		return parcel.Medium, nil
	}
	slices.Sort(box[:])
	box[2] /= places
	for i := range box {
		box[i] = max(box[i], 1)
	}
	size, ok := parcel.Fit(box)
	if !ok {
		return 0, fault.New(fault.Invalid, "does_not_fit", "a place fits no compartment")
	}
	return size, nil
}

// find is the shipment of a number; NotFound "unknown_shipment" also for another merchant's.
func (d *door) find(ctx context.Context, c *call, number string) (custody.Shipment, error) {
	found, err := d.findMany(ctx, c, []string{number})
	s, ok := found[number]
	if err == nil && !ok {
		err = unknownSending()
	}
	return s, err
}

func unknownSending() error {
	return fault.New(fault.NotFound, "unknown_shipment", "there is no such shipment")
}

// findMany are the shipments of numbers, each of which may be that of any place. What is nobody's or another merchant's is not among them.
func (d *door) findMany(ctx context.Context, c *call, numbers []string) (map[string]custody.Shipment, error) {
	var barcodes []string
	for _, number := range numbers {
		if len(number) == 11 && strings.Trim(number, "0123456789") == "" {
			barcodes = append(barcodes, number+string(statement.GS1CheckDigit(number)))
		}
	}
	with, err := d.Custody.ShipmentsWith(ctx, c.merchant.ID, barcodes)
	found := make(map[string]custody.Shipment, len(with))
	for barcode, s := range with {
		found[barcode[:11]] = s
	}
	return found, err
}

// maxAlike bounds the shipments that one number of a shop's stands for.
const maxAlike = 200

// findEach are the shipments that each of some objects names, by number or by the shop's own number, which several may have; newest first.
// Customers' returns are meant by the shop's number only where nothing else has it.
func (d *door) findEach(ctx context.Context, c *call, named ...object) (each [][]custody.Shipment, err error) {
	numbers, references := make([]string, len(named)), make([]string, len(named))
	for i, o := range named {
		if numbers[i] = o.text("invoicenumber"); numbers[i] == "" {
			references[i] = o.text("senderinvoicenumber", "gcinvoicenumber", "sendercode")
		}
	}
	found, err := d.findMany(ctx, c, numbers)
	if err != nil {
		return nil, err
	}
	referred, err := d.Custody.ShipmentsReferred(ctx, c.merchant.ID, references)
	for i := range named {
		list := outward(referred[references[i]])
		if s, ok := found[numbers[i]]; ok {
			list = []custody.Shipment{s}
		}
		each = append(each, list[:min(len(list), maxAlike)])
	}
	return each, err
}

// outward are those of some shipments that are no returns; all where there are only returns.
func outward(all []custody.Shipment) (list []custody.Shipment) {
	for _, s := range all {
		if !s.Outbound() {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return all
	}
	return list
}

// findAll are the shipments that a request names, as findEach; NotFound "unknown_shipment" where there is none.
func (d *door) findAll(ctx context.Context, c *call) ([]custody.Shipment, error) {
	if c.text("invoicenumber", "senderinvoicenumber", "gcinvoicenumber", "sendercode") == "" {
		return nil, fault.New(fault.Invalid, "needs_number", "InvoiceNumber or SenderInvoiceNumber is needed")
	}
	each, err := d.findEach(ctx, c, c.object)
	if err != nil {
		return nil, err
	}
	if len(each[0]) == 0 {
		return nil, unknownSending()
	}
	return each[0], nil
}

func or(text, otherwise string) string {
	if text != "" {
		return text
	}
	return otherwise
}

// cut is a text's first characters.
func cut(text string, most int) string {
	for i := range text {
		if most--; most < 0 {
			return text[:i]
		}
	}
	return text
}
