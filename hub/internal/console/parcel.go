package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"lockstep/guard/statement"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// parcelView is one parcel's page.
type parcelView struct {
	custody.Parcel
	Locker    fleet.Locker
	Merchant  string // its name
	Reference string // the merchant's number, of the shipment or of the parcel
	Recipient string // as much as the notifier tells, "Anna, *4567"
	Events    []custody.Event
	Requests  []dispatch.Request
}

// Waits says whether it waits in a locker for its recipient, so that a new code or more time can be asked for.
func (p parcelView) Waits() bool {
	return !p.Outbound && (p.State == parcel.Stored || p.State == parcel.Overdue)
}

func (c *console) parcel(v *visit) error {
	ctx, barcode := v.Context(), v.PathValue("barcode")
	p, err := c.Custody.Parcel(ctx, "", barcode)
	if err != nil {
		return err
	}
	s, err := c.Custody.Shipment(ctx, p.Merchant, p.Shipment)
	if err != nil {
		return err
	}
	view := parcelView{Parcel: p, Merchant: p.Merchant, Reference: cmp.Or(s.Reference, p.Reference)}
	if view.Locker, err = c.Fleet.Locker(ctx, p.Locker); err != nil {
		return err
	}
	if view.Events, err = c.Custody.Events(ctx, "", barcode); err != nil {
		return err
	}
	slices.Reverse(view.Events)
	if view.Requests, err = c.Custody.Requests(ctx, "", barcode); err != nil {
		return err
	}
	if m, err := c.Accounts.Merchant(ctx, p.Merchant); err == nil {
		view.Merchant = m.Name
	}
	if forParcels.may(v.User.Role) {
		view.Recipient = c.Names.Recipients(ctx, barcode)[barcode].Line()
		if view.Recipient != "" {
			if err := v.did("saw a recipient's name", barcode); err != nil {
				return err
			}
		}
	}
	return v.show(parcelPage(v, view))
}

// found is what a search has found.
type found struct {
	Query   string
	Parcels []custody.Parcel
	Lockers []health
	ByPhone bool // what was looked for is not on the page
}

// search finds a parcel by its barcode, parcels by a merchant's number, and lockers by their names. One parcel or one locker is shown
// at once.
func (c *console) search(v *visit) error {
	f := found{Query: strings.TrimSpace(v.FormValue("q"))}
	if f.Query == "" {
		return v.show(searchPage(v, f))
	}
	if len(f.Query) > 200 {
		return fault.New(fault.Invalid, "too_long", "that is too long to be looked for")
	}
	ctx, barcode := v.Context(), strings.Join(strings.Fields(f.Query), "")
	if statement.CheckBarcode(barcode) == nil {
		if _, err := c.Custody.Parcel(ctx, "", barcode); err == nil {
			return v.back("/console/parcels/" + barcode)
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	var err error
	if f.Parcels, err = c.Custody.Referred(ctx, f.Query, 50); err != nil {
		return err
	}
	all, err := c.healths(v)
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.ID == f.Query {
			return v.back("/console/lockers/" + h.ID)
		}
		if h.named(f.Query) && len(f.Lockers) < shown {
			f.Lockers = append(f.Lockers, h)
		}
	}
	if len(f.Parcels) == 1 && len(f.Lockers) == 0 {
		return v.back("/console/parcels/" + f.Parcels[0].Barcode)
	}
	return v.show(searchPage(v, f))
}

// searchPhone finds the parcels of one phone number, which the notifier compares whole; the audit log has who asked, and not the number.
func (c *console) searchPhone(v *visit) error {
	f := found{ByPhone: true}
	if err := v.did("looked for a phone number", "parcels"); err != nil {
		return err
	}
	barcodes, err := c.Names.OfPhone(v.Context(), v.FormValue("phone"))
	if err != nil {
		return err
	}
	for _, barcode := range barcodes {
		p, err := c.Custody.Parcel(v.Context(), "", barcode)
		if fault.KindOf(err) == fault.NotFound {
			continue // the notifier may know what is long gone here
		}
		if err != nil {
			return err
		}
		f.Parcels = append(f.Parcels, p)
	}
	return v.show(searchPage(v, f))
}

func (c *console) reissue(v *visit) error {
	barcode := v.PathValue("barcode")
	if _, err := c.Custody.Reissue(v.Context(), "", barcode, v.User.Actor()); err != nil {
		return err
	}
	if err := v.did("asked: a new code", barcode); err != nil {
		return err
	}
	return v.back("/console/parcels/" + barcode)
}

func (c *console) extend(v *visit) error {
	barcode := v.PathValue("barcode")
	hours, err := strconv.ParseUint(v.FormValue("hours"), 10, 16)
	if err != nil {
		return fault.New(fault.Invalid, "invalid_dwell", "say for how many hours from its deposit on")
	}
	if _, err := c.Custody.Extend(v.Context(), "", barcode, parcel.DwellTime(hours), v.User.Actor()); err != nil {
		return err
	}
	if err := v.did("asked: more time, "+strconv.FormatUint(hours, 10)+" h", barcode); err != nil {
		return err
	}
	return v.back("/console/parcels/" + barcode)
}

// inFours writes a barcode as people read it.
func inFours(barcode string) string { return parcel.InFours(barcode, "\u00a0") }
