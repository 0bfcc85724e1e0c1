package console

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"lockstep/guard/statement"
	"lockstep/hub/internal/api"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// perPage is how many shipments a page has.
const perPage = 50

type shipmentsView struct {
	Shipments []custody.Shipment
	Lockers   map[string]fleet.Locker
	Query     string
	State     parcel.State
	Next      string // where the older ones are; empty on the last page
}

// shipments lists the merchant's, newest first. A barcode leads to its shipment.
func (c *console) shipments(v *visit) error {
	view := shipmentsView{Query: strings.TrimSpace(v.FormValue("q")), State: parcel.State(v.FormValue("state"))}
	if barcode := strings.Join(strings.Fields(view.Query), ""); statement.CheckBarcode(barcode) == nil {
		if p, err := c.Custody.Parcel(v.Context(), v.User.Merchant, barcode); err == nil {
			return v.back("/shop/shipments/" + p.Shipment)
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
	}
	if err := c.listed(v, &view, custody.Filter{State: view.State, Reference: view.Query}); err != nil {
		return err
	}
	return v.show(shipmentsPage(v, view))
}

// listed fills a view with one page of the merchant's shipments.
func (c *console) listed(v *visit, view *shipmentsView, f custody.Filter) (err error) {
	f.After, f.Limit = v.FormValue("after"), perPage
	if err := shipmentID(f.After); err != nil && f.After != "" {
		return err
	}
	if view.Shipments, view.Next, err = c.Custody.Shipments(v.Context(), v.User.Merchant, f); err != nil {
		return err
	}
	view.Lockers, err = c.lockersOf(v, view.Shipments...)
	return err
}

// Older is the address of the page after this one.
func (s shipmentsView) Older() string {
	return "?" + url.Values{"q": {s.Query}, "state": {string(s.State)}, "after": {s.Next}}.Encode()
}

func shipmentID(id string) error {
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }) || id == "" {
		return fault.New(fault.NotFound, "unknown_shipment", "there is no such shipment")
	}
	return nil
}

// lockersOf are the lockers of shipments, by id.
func (c *console) lockersOf(v *visit, shipments ...custody.Shipment) (map[string]fleet.Locker, error) {
	of := map[string]fleet.Locker{}
	for _, s := range shipments {
		if _, have := of[s.Locker]; have {
			continue
		}
		l, err := c.Fleet.Locker(v.Context(), s.Locker)
		if err != nil {
			return nil, err
		}
		of[s.Locker] = l
	}
	return of, nil
}

func (c *console) shipmentsCSV(v *visit) error {
	m, err := v.merchant()
	if err != nil {
		return err
	}
	return v.csv("shipments", []string{"shipment", "reference", "locker", "barcode", "size", "parcel_reference", "state", "stored", "due", "created"}, func(write func(...string)) {
		for after, more := "", true; more; more = after != "" {
			page, next, err := c.Custody.Shipments(v.Context(), m.ID, custody.Filter{After: after, Limit: 200})
			if err != nil {
				c.Log.Error("a table broke off", "error", err)
				panic(http.ErrAbortHandler) // the browser says that the file is not whole
			}
			for _, s := range page {
				for _, p := range s.Parcels {
					write(s.ID, s.Reference, s.Locker, p.Barcode, p.Size.String(), p.Reference, string(p.State), stamp(p.Stored), stamp(p.Due), stamp(s.Created))
				}
			}
			after = next
		}
	})
}

// newShipment is the form to announce with.
func (c *console) newShipment(v *visit) error {
	return v.show(newShipmentPage(v, blank("size", "M", "places", "1", "language", v.Code, "dwell", strconv.Itoa(int(parcel.DefaultDwell)), "currency", "RUB")))
}

// announce announces a shipment of like parcels.
func (c *console) announce(v *visit) error {
	body, err := announced(v)
	var made api.Shipment
	if err == nil {
		err = v.ask("POST", "/v1/shipments", body, &made)
	}
	if err != nil {
		form, err := v.refused(err)
		if err != nil {
			return err
		}
		return v.show(newShipmentPage(v, form))
	}
	if err := v.did("announced a shipment", made.ID); err != nil {
		return err
	}
	return v.back("/shop/shipments/" + made.ID)
}

// announced is the API's request that the form stands for.
func announced(v *visit) (map[string]any, error) {
	places, err := whole(v, "places", 1)
	if err != nil {
		return nil, err
	}
	grams, err := whole(v, "weight", 0)
	if err != nil {
		return nil, err
	}
	dwell, err := whole(v, "dwell", int64(parcel.DefaultDwell))
	if err != nil {
		return nil, err
	}
	box := map[string]any{"size": v.FormValue("size"), "low": v.FormValue("low") != ""}
	if grams > 0 {
		box["weight_g"] = grams
	}
	if places < 1 || places > custody.MaxParcels {
		return nil, fault.New(fault.Invalid, "invalid_places", "a shipment has 1 to %d parcels", custody.MaxParcels)
	}
	body := map[string]any{"locker": v.FormValue("locker"), "reference": strings.TrimSpace(v.FormValue("reference")), "dwell_hours": dwell, "parcels": slices.Repeat([]any{box}, int(places)),
		"recipient": map[string]any{"phone": strings.TrimSpace(v.FormValue("phone")), "email": strings.TrimSpace(v.FormValue("email")), "name": strings.TrimSpace(v.FormValue("name")), "language": v.FormValue("language")}}
	if v.FormValue("locker") == "" {
		return nil, fault.New(fault.Invalid, "no_locker", "choose a locker")
	}
	amount, err := hundredths(v.FormValue("amount"))
	if amount > 0 {
		body["cash_on_delivery"] = map[string]any{"amount": amount, "currency": strings.ToUpper(strings.TrimSpace(v.FormValue("currency")))}
	}
	return body, err
}

// whole reads a field with a whole number; otherwise where it is empty.
func whole(v *visit, field string, otherwise int64) (int64, error) {
	text := strings.TrimSpace(v.FormValue(field))
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0, fault.New(fault.Invalid, "invalid_number", "a whole number, please")
	}
	return n, nil
}

// hundredths reads an amount of money as people write it, 1 290,50 or 1290.5.
func hundredths(text string) (int64, error) {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), ""), ",", ".")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	cents := math.Round(n * 100)
	if err != nil || cents < 0 || cents > 1e11 || math.Abs(cents-n*100) > 1e-6*math.Max(1, cents) {
		return 0, fault.New(fault.Invalid, "invalid_amount", "an amount such as 1290.50, please")
	}
	return int64(cents), nil
}

// shipmentView is one shipment's page.
type shipmentView struct {
	custody.Shipment
	Locker   fleet.Locker
	Parcels  []parcelStory
	Code     string // what a customer types to put a return in, right after it was made
	Returned []custody.Shipment
}

type parcelStory struct {
	custody.Parcel
	Events   []custody.Event
	Requests []dispatch.Request
}

// Waits says whether the parcel waits in a locker for its recipient.
func (p parcelStory) Waits() bool {
	return !p.Outbound && (p.State == parcel.Stored || p.State == parcel.Overdue)
}

// ForReturn says whether the customer may send something of it back.
func (s shipmentView) ForReturn() bool {
	return s.ReturnOf == "" && slices.ContainsFunc(s.Shipment.Parcels, func(p custody.Parcel) bool { return p.State == parcel.Collected })
}

// Movable says whether something of it can still be sent to another locker.
func (s shipmentView) Movable() bool {
	return !s.IsReturn() && slices.ContainsFunc(s.Shipment.Parcels, func(p custody.Parcel) bool { return p.Hold == "" && (p.State.Waits() || p.State == parcel.Withdrawn) })
}

// Wanted says whether something of it can still be given up.
func (s shipmentView) Wanted() bool {
	return slices.ContainsFunc(s.Shipment.Parcels, func(p custody.Parcel) bool {
		return p.Hold == "" && (p.State.Waits() || p.State == parcel.Stored || p.State == parcel.Overdue)
	})
}

// GivenUp says whether nothing of it goes anywhere any more, so that it has no label.
func (s shipmentView) GivenUp() bool {
	return !slices.ContainsFunc(s.Shipment.Parcels, func(p custody.Parcel) bool { return p.State != parcel.Cancelled })
}

func (c *console) shipment(v *visit) error { return c.showShipment(v, v.PathValue("shipment"), "") }

func (c *console) showShipment(v *visit, id, code string) error {
	if err := shipmentID(id); err != nil {
		return err
	}
	ctx, merchant := v.Context(), v.User.Merchant
	s, err := c.Custody.Shipment(ctx, merchant, id)
	if err != nil {
		return err
	}
	view := shipmentView{Shipment: s, Code: code}
	if view.Locker, err = c.Fleet.Locker(ctx, s.Locker); err != nil {
		return err
	}
	events, err := c.Custody.EventsOf(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range s.Parcels {
		story := parcelStory{Parcel: p, Events: events[p.Barcode]}
		slices.Reverse(story.Events)
		if story.Requests, err = c.Custody.Requests(ctx, merchant, p.Barcode); err != nil {
			return err
		}
		view.Parcels = append(view.Parcels, story)
	}
	back, err := c.Custody.ReturnsOf(ctx, merchant, s.ID)
	view.Returned = back[s.ID]
	if err != nil {
		return err
	}
	return v.show(shipmentPage(v, view))
}

func (c *console) cancelShipment(v *visit) error {
	return c.changed(v, "gave up a shipment", "/v1/shipments/%s/cancel", nil)
}

func (c *console) redirectShipment(v *visit) error {
	return c.changed(v, "redirected a shipment", "/v1/shipments/%s/redirect", map[string]any{"locker": v.FormValue("locker")})
}

// changed asks for something about the shipment of the path, and goes back to it.
func (c *console) changed(v *visit, act, to string, body any) error {
	id := v.PathValue("shipment")
	return v.does(act, id, "POST", path(to, id), body, "/shop/shipments/"+id)
}

func (c *console) extendMine(v *visit) error {
	hours, err := whole(v, "hours", 0)
	if err != nil {
		return err
	}
	return c.askedOf(v, "asked: more time", "/v1/parcels/%s/extend", map[string]any{"dwell_hours": hours})
}

func (c *console) reissueMine(v *visit) error {
	return c.askedOf(v, "asked: a new code", "/v1/parcels/%s/reissue", nil)
}

// askedOf asks for something about the parcel of the path, and goes back to its shipment.
func (c *console) askedOf(v *visit, act, to string, body any) error {
	barcode := v.PathValue("barcode")
	p, err := c.Custody.Parcel(v.Context(), v.User.Merchant, barcode)
	if err != nil {
		return err
	}
	return v.does(act, barcode, "POST", path(to, barcode), body, "/shop/shipments/"+p.Shipment)
}

// labels prints those of all shipments that are ticked.
func (c *console) labels(v *visit) error {
	if err := v.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "malformed", "the form cannot be read")
	}
	if len(v.Form["shipment"]) == 0 {
		return fault.New(fault.Invalid, "no_shipment", "tick a shipment")
	}
	file, query := "/v1/labels.pdf", url.Values{"shipments": {strings.Join(v.Form["shipment"], ",")}}
	if as := v.FormValue("as"); as == "zpl" {
		file = "/v1/labels.zpl"
	} else {
		query.Set("paper", cmp.Or(as, "a6"))
	}
	a, err := v.native("GET", file+"?"+query.Encode(), "", nil)
	if err != nil {
		return err
	}
	for _, name := range []string{"Content-Type", "Content-Disposition"} {
		v.Header().Set(name, a.header.Get(name))
	}
	_, err = v.Write(a.body.Bytes())
	return err
}

type importView struct {
	fill
	Done *api.Import
}

func (c *console) importPage(v *visit) error {
	return v.show(importPage(v, importView{fill: blank()}))
}

// importShipments announces a table's shipments, and shows what became of each row. The same file, mended, may follow.
func (c *console) importShipments(v *visit) error {
	view := importView{fill: fill{Key: v.FormValue("key")}, Done: &api.Import{}}
	file, err := v.upload("file", 4<<20)
	var a *answer
	if err == nil {
		a, err = v.native("POST", "/v1/imports", "text/csv", file)
	}
	if err != nil {
		if view.fill, err = v.refused(err); err != nil {
			return err
		}
		view.Done = nil
		return v.show(importPage(v, view))
	}
	if err := json.Unmarshal(a.body.Bytes(), view.Done); err != nil {
		return err
	}
	if err := v.did(fmt.Sprintf("imported %d shipments", view.Done.Created), "shipments"); err != nil {
		return err
	}
	return v.show(importPage(v, view))
}

// Announced are the ids of the shipments that the import has made, for their labels.
func (i importView) Announced() (ids []string) {
	for _, r := range i.Done.Rows {
		if r.Shipment != "" && len(ids) < 100 {
			ids = append(ids, r.Shipment)
		}
	}
	return ids
}

// importExample is a table to begin with.
func (c *console) importExample(v *visit) error {
	return v.csv("import", []string{"locker", "reference", "recipient_name", "phone", "email", "language", "size", "weight_g", "places", "dwell_hours", "low"}, func(write func(...string)) {
		write("msk-0042", "ORDER-118", v.Say("shop.import.somebody"), "+79161234567", "", v.Code, "M", "850", "1", "72", "no")
	})
}

type returnsView struct {
	shipmentsView
	fill
}

// returns are what customers send back.
func (c *console) returns(v *visit) error {
	return c.showReturns(v, blank("size", "M", "shipment", v.FormValue("of")))
}

func (c *console) showReturns(v *visit, form fill) error {
	view := returnsView{fill: form}
	if err := c.listed(v, &view.shipmentsView, custody.Filter{Returns: true}); err != nil {
		return err
	}
	return v.show(returnsPage(v, view))
}

// makeReturn lets a customer send something back, and shows the code for them.
func (c *console) makeReturn(v *visit) error {
	body := map[string]any{"size": v.FormValue("size"), "reference": strings.TrimSpace(v.FormValue("reference")), "low": v.FormValue("low") != ""}
	for _, field := range []string{"locker", "shipment"} {
		if said := strings.TrimSpace(v.FormValue(field)); said != "" {
			body[field] = said
		}
	}
	var made struct {
		Shipment api.Shipment
		Code     string
	}
	if err := v.ask("POST", "/v1/returns", body, &made); err != nil {
		form, err := v.refused(err)
		if err != nil {
			return err
		}
		return c.showReturns(v, form)
	}
	if err := v.did("made a return", made.Shipment.ID); err != nil {
		return err
	}
	return c.showShipment(v, made.Shipment.ID, made.Code)
}

// IsReturn says whether a customer sends it back.
func (s shipmentView) IsReturn() bool {
	return s.Outbound() && !s.Shipment.Parcels[0].Onward
}
