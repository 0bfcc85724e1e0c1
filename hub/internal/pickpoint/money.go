package pickpoint

import (
	"context"
	"math"
	"strconv"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/tariff"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// The two ways of carrying that clients know.
const standardMode, priorityMode = "Standard", "Priority"

// zone is what lies between a city and a locker.
type zone struct {
	FromCity, ToCity, ToPT string
	Zone                   string // a number
	DeliveryMin            int
	DeliveryMax            int
	Koeff                  float64
	DeliveryMode           string
}

// zones lists the lanes from a city to one locker or all.
func (d *door) zones(ctx context.Context, c *call) (any, error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return nil, err
	}
	from, err := d.Fleet.CityNamed(ctx, c.text("fromcity"), c.text("fromregion"))
	if err != nil {
		return nil, err
	}
	rates, err := d.Tariffs.From(ctx, from.ID)
	if err != nil {
		return nil, err
	}
	points, err := d.points(ctx)
	if err != nil {
		return nil, err
	}
	to, list := c.text("topt"), []zone{}
	for _, p := range points {
		lane, ok := rates.Lane(p.CitiID, p.Number)
		if !ok || to != "" && to != p.Number {
			continue
		}
		z := zone{from.Name, p.CitiName, p.Number, strconv.Itoa(lane.Zone), lane.Standard.Min, lane.Standard.Max, float64(lane.Coefficient) / 1000, standardMode}
		list = append(list, z)
		if lane.Priority != (tariff.Days{}) {
			z.DeliveryMin, z.DeliveryMax, z.DeliveryMode = lane.Priority.Min, lane.Priority.Max, priorityMode
			list = append(list, z)
		}
	}
	if len(list) == 0 {
		return nil, fault.New(fault.NotFound, "no_lane", "nothing is carried there")
	}
	return struct {
		Zones []zone
		failure
	}{Zones: list}, nil
}

// service is one line of a price.
type service struct {
	Name         string
	Tariff, NDS  float64 // roubles; the VAT is within the tariff
	DeliveryMode string
}

// carriage is what a client wants to know the price of.
type carriage struct {
	from, to fleet.City
	locker   string
	sizes    []parcel.Size
	grams    []int
}

// calculate gives prices and days for a parcel that need not exist yet.
func (d *door) calculate(ctx context.Context, c *call) (any, error) {
	if err := c.underContract(c.text("ikn")); err != nil {
		return nil, err
	}
	what, err := d.carriage(ctx, c)
	if err != nil {
		return nil, err
	}
	rates, err := d.Tariffs.From(ctx, what.from.ID)
	if err != nil {
		return nil, err
	}
	lane, ok := rates.Lane(what.to.ID, what.locker)
	if !ok {
		return nil, fault.New(fault.NotFound, "no_lane", "nothing is carried there")
	}
	answer := struct {
		SessionID     string `json:"SessionId"`
		Services      []service
		InvoiceNumber string
		DPMin         int
		DPMax         int
		DPMinPriority int
		DPMaxPriority int
		Zone          int
		failure
	}{SessionID: c.text("sessionid"), InvoiceNumber: c.text("invoicenumber"), DPMin: lane.Standard.Min, DPMax: lane.Standard.Max,
		DPMinPriority: lane.Priority.Min, DPMaxPriority: lane.Priority.Max, Zone: lane.Zone}
	for _, priority := range []bool{false, true} {
		if s, ok := what.price(rates, lane, priority); ok {
			answer.Services = append(answer.Services, s)
		}
	}
	if len(answer.Services) == 0 {
		return nil, fault.New(fault.NotFound, "no_price", "there is no price for such a parcel")
	}
	return answer, nil
}

// price is that of all places together; they go under the name of the largest.
func (w carriage) price(rates tariff.Rates, lane tariff.Lane, priority bool) (s service, ok bool) {
	var gross, vat, most int64
	for i, size := range w.sizes {
		p, ok := rates.Price(lane, priority, size, w.grams[i])
		if !ok {
			return service{}, false
		}
		gross, vat = gross+p.Gross, vat+p.VAT
		if p.Gross >= most {
			s.Name, most = p.Name, p.Gross
		}
	}
	s.Tariff, s.NDS, s.DeliveryMode = float64(gross)/100, float64(vat)/100, standardMode
	if priority {
		s.DeliveryMode = priorityMode
	}
	return s, true
}

// carriage reads a question. A sending's number stands for all that it says; what is said beside it goes before.
func (d *door) carriage(ctx context.Context, c *call) (w carriage, err error) {
	fromCity, fromRegion := c.text("fromcity"), c.text("fromregion")
	w.locker = c.text("ptnumber")
	if number := c.text("invoicenumber"); number != "" {
		s, err := d.find(ctx, c, number)
		if err != nil {
			return w, err
		}
		if fromCity == "" {
			fromCity, fromRegion = s.FromCity, s.FromRegion
		}
		w.locker = or(w.locker, s.Locker)
		w.of(s)
	}
	if w.from, err = d.Fleet.CityNamed(ctx, fromCity, fromRegion); err != nil {
		return w, err
	}
	if w.to, err = d.destination(ctx, w.locker, c.text("tocity"), c.text("toregion")); err != nil {
		return w, err
	}
	if len(w.sizes) == 0 {
		err = w.described(c)
	}
	return w, err
}

func (w *carriage) of(s custody.Shipment) {
	for _, p := range s.Parcels {
		w.sizes, w.grams = append(w.sizes, p.Size), append(w.grams, p.WeightG)
	}
}

func (d *door) destination(ctx context.Context, locker, city, region string) (fleet.City, error) {
	if locker == "" {
		return d.Fleet.CityNamed(ctx, city, region)
	}
	sites, err := d.Fleet.Sites(ctx, locker)
	if err == nil && len(sites) == 0 {
		err = fault.New(fault.Invalid, "unknown_locker", "there is no such locker")
	}
	if err != nil {
		return fleet.City{}, err
	}
	return sites[0].City, nil
}

// described takes measures that are given for all places together: side by side along their longest edge.
func (w *carriage) described(c *call) error {
	count, given := c.whole("enclosecount")
	if !given {
		count = 1
	}
	if count < 1 || count > custody.MaxParcels {
		return fault.New(fault.Invalid, "invalid_parcels", "a shipment has 1 to %d parcels", custody.MaxParcels)
	}
	edges := object{}
	for from, to := range map[string]string{"length": "width", "depth": "depth", "width": "height"} {
		edges[to] = c.any(from)
	}
	size, err := sizeOf(edges, count)
	if err != nil {
		return err
	}
	kilograms, given := c.decimal("weight")
	if !given {
		kilograms = 1
	}
	if kilograms < 0 || kilograms > maxKilograms*float64(count) {
		return fault.New(fault.Invalid, "invalid_weight", "a place weighs at most 100 kg")
	}
	for range count {
		w.sizes, w.grams = append(w.sizes, size), append(w.grams, int(math.Ceil(kilograms*1000/float64(count))))
	}
	return nil
}

// costs gives the prices of sendings that are registered; those that have none, or are nobody's, are left out.
func (d *door) costs(ctx context.Context, c *call) (any, error) {
	type cost struct {
		InvoiceNumber, SenderInvoiceNumber string
		Tariff, NDS                        float64
	}
	asked, list := c.objects("sendings"), []cost{}
	if len(asked) > maxSendings {
		return nil, fault.New(fault.Invalid, "too_many_sendings", "at most %d sendings at once", maxSendings)
	}
	each, err := d.findEach(ctx, c, asked...)
	if err != nil {
		return nil, err
	}
	prices, err := d.prices(ctx)
	if err != nil {
		return nil, err
	}
	for _, shipments := range each {
		for _, s := range shipments {
			price, ok, err := prices.of(ctx, s)
			if err != nil {
				return nil, err
			}
			if ok {
				list = append(list, cost{s.Number(), s.Reference, price.Tariff, price.NDS})
			}
		}
	}
	return list, nil
}

// prices are what sendings cost; what it takes to know is asked for once.
type prices struct {
	*door
	at    map[string]fleet.City // where lockers stand
	rates map[[2]string]tariff.Rates
}

func (d *door) prices(ctx context.Context) (prices, error) {
	p := prices{d, map[string]fleet.City{}, map[[2]string]tariff.Rates{}}
	sites, err := d.Fleet.Sites(ctx, "")
	for _, s := range sites {
		p.at[s.Locker] = s.City
	}
	return p, err
}

// from are the rates from where sendings are handed over, of which nobody may have said where it is.
func (p prices) from(ctx context.Context, city, region string) (tariff.Rates, error) {
	rates, known := p.rates[[2]string{city, region}]
	if known {
		return rates, nil
	}
	from, err := p.Fleet.CityNamed(ctx, city, region)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return rates, err
	}
	rates, err = p.Tariffs.From(ctx, from.ID)
	p.rates[[2]string{city, region}] = rates
	return rates, err
}

// of is a sending's price; there is none to a locker of which nobody has said where it stands, nor off the lanes.
func (p prices) of(ctx context.Context, s custody.Shipment) (service, bool, error) {
	to, known := p.at[s.Locker]
	if !known {
		return service{}, false, nil
	}
	rates, err := p.from(ctx, s.FromCity, s.FromRegion)
	if err != nil {
		return service{}, false, err
	}
	lane, ok := rates.Lane(to.ID, s.Locker)
	if !ok {
		return service{}, false, nil
	}
	var w carriage
	w.of(s)
	price, ok := w.price(rates, lane, false)
	return price, ok, nil
}
