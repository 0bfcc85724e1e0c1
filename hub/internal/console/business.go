package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/tariff"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
	"lockstep/parcel"
)

// shownOnce is a secret that was made just now: for whom, and what it is. No page shows it again.
type shownOnce struct{ For, What, Secret string }

type couriersView struct {
	Couriers []courier.Courier
	Carriers []statement.Carrier
	Once     shownOnce
}

func (c *console) couriers(v *visit) error { return c.showCouriers(v, shownOnce{}) }

func (c *console) showCouriers(v *visit, once shownOnce) error {
	list, err := c.Couriers.All(v.Context())
	if err != nil {
		return err
	}
	return v.show(couriersPage(v, couriersView{list, c.Accounts.Charter.Carriers, once}))
}

func (c *console) couriersCSV(v *visit) error {
	list, err := c.Couriers.All(v.Context())
	if err != nil {
		return err
	}
	return v.csv("couriers", []string{"id", "carrier", "lockers", "deposit", "withdraw", "enrolled", "certificate_until"}, func(write func(...string)) {
		for _, one := range list {
			write(one.ID, one.Carrier, strings.Join(one.Lockers, " "), strconv.FormatBool(one.Deposit), strconv.FormatBool(one.Withdraw), strconv.FormatBool(len(one.Certificate) > 0), stamp(one.Until))
		}
	})
}

// addCourier expects a house courier, or makes another link for one who is there: their next phone ends the one before.
func (c *console) addCourier(v *visit) error {
	carrier, err := c.Accounts.Carrier(v.FormValue("carrier"))
	if err != nil {
		return err
	}
	lockers := strings.Fields(v.FormValue("lockers"))
	one, token, err := c.Couriers.Expect(v.Context(), courier.NewCourier{ID: strings.TrimSpace(v.FormValue("id")), Carrier: carrier, Lockers: lockers, Deposit: true, Withdraw: true})
	if err != nil {
		return err
	}
	if err := v.did("expected a courier", one.ID); err != nil {
		return err
	}
	return c.showCouriers(v, shownOnce{one.ID, "link", c.PublicURL + "/courier/#enrol=" + token.Reveal()})
}

func (c *console) revokeCourier(v *visit) error {
	id := v.PathValue("courier")
	if err := c.Couriers.Revoke(v.Context(), id); err != nil {
		return err
	}
	if err := v.did("revoked a courier", id); err != nil {
		return err
	}
	return v.back("/console/couriers")
}

type merchantsView struct {
	Merchants []account.Merchant
	Carriers  []statement.Carrier
}

func (c *console) merchants(v *visit) error {
	list, err := c.Accounts.Merchants(v.Context())
	if err != nil {
		return err
	}
	return v.show(merchantsPage(v, merchantsView{list, c.Accounts.Charter.Carriers}))
}

func (c *console) merchantsCSV(v *visit) error {
	list, err := c.Accounts.Merchants(v.Context())
	if err != nil {
		return err
	}
	return v.csv("merchants", []string{"id", "name", "number_range", "carrier", "created"}, func(write func(...string)) {
		for _, m := range list {
			write(m.ID, m.Name, m.Range, m.Carrier, stamp(m.Created))
		}
	})
}

func (c *console) addMerchant(v *visit) error {
	m, err := c.Accounts.AddMerchant(v.Context(), v.FormValue("name"), v.FormValue("carrier"))
	if err != nil {
		return err
	}
	if err := v.did("added a merchant", m.ID); err != nil {
		return err
	}
	return v.back("/console/merchants/" + m.ID)
}

type merchantView struct {
	account.Merchant
	Rule   account.Rule
	Logins []account.Login
	Users  []account.User
	Once   shownOnce
}

func (c *console) merchant(v *visit) error { return c.showMerchant(v, shownOnce{}) }

func (c *console) showMerchant(v *visit, once shownOnce) error {
	m, err := c.Accounts.Merchant(v.Context(), v.PathValue("merchant"))
	if err != nil {
		return err
	}
	view := merchantView{Merchant: m, Once: once}
	if view.Rule, err = c.Accounts.Rule(v.Context(), m.ID); err != nil {
		return err
	}
	if view.Users, err = c.Accounts.Users(v.Context(), m.ID); err != nil {
		return err
	}
	logins, err := c.Accounts.Logins(v.Context())
	for _, l := range logins {
		if l.Merchant == m.ID {
			view.Logins = append(view.Logins, l)
		}
	}
	if err != nil {
		return err
	}
	return v.show(merchantPage(v, view))
}

func (c *console) newKey(v *visit) error {
	id := v.PathValue("merchant")
	key, err := c.Accounts.NewKey(v.Context(), id, "")
	if err != nil {
		return err
	}
	if err := v.did("made an API key", id); err != nil {
		return err
	}
	return c.showMerchant(v, shownOnce{"", "key", key.Reveal()})
}

func (c *console) endKeys(v *visit) error {
	id := v.PathValue("merchant")
	if _, err := c.Accounts.EndKeys(v.Context(), id); err != nil {
		return err
	}
	if err := v.did("ended all API keys", id); err != nil {
		return err
	}
	return v.back("/console/merchants/" + id)
}

func (c *console) setRule(v *visit) error {
	id := v.PathValue("merchant")
	hours, err1 := strconv.ParseUint(v.FormValue("hours"), 10, 16)
	kilometres, err2 := strconv.ParseUint(v.FormValue("kilometres"), 10, 16)
	if err1 != nil || err2 != nil {
		return fault.New(fault.Invalid, "invalid_rule", "hours and kilometres are whole numbers, 0 for none")
	}
	if err := c.Accounts.SetExtension(v.Context(), id, parcel.DwellTime(hours)); err != nil {
		return err
	}
	if err := c.Accounts.SetRedirect(v.Context(), id, int(kilometres)); err != nil {
		return err
	}
	if err := v.did(fmt.Sprintf("let recipients extend to %d hours, and parcels go on within %d km", hours, kilometres), id); err != nil {
		return err
	}
	return v.back("/console/merchants/" + id)
}

func (c *console) setLogin(v *visit) error {
	id, name := v.PathValue("merchant"), strings.TrimSpace(v.FormValue("login"))
	password, err := c.Accounts.SetLogin(v.Context(), account.Login{Name: name, Merchant: id, Contract: strings.TrimSpace(v.FormValue("contract"))}, "")
	if err != nil {
		return err
	}
	if err := v.did("set the password of login "+name, id); err != nil {
		return err
	}
	return c.showMerchant(v, shownOnce{name, "password", password.Reveal()})
}

func (c *console) addMerchantUser(v *visit) error {
	id := v.PathValue("merchant")
	u, token, err := c.Accounts.AddUser(v.Context(), v.FormValue("name"), account.ForMerchant, id)
	if err != nil {
		return err
	}
	if err := v.did("added a user: merchant", u.Name); err != nil {
		return err
	}
	return c.showMerchant(v, shownOnce{u.Name, "link", c.link(token.Reveal())})
}

type carriersView struct {
	Carriers []statement.Carrier
	Once     shownOnce
}

func (c *console) carriers(v *visit) error {
	return v.show(carriersPage(v, carriersView{c.Accounts.Charter.Carriers, shownOnce{}}))
}

func (c *console) carrierToken(v *visit) error {
	id := v.PathValue("carrier")
	token, err := c.Accounts.NewCarrierToken(v.Context(), id)
	if err != nil {
		return err
	}
	if err := v.did("made a carrier's token", id); err != nil {
		return err
	}
	return v.show(carriersPage(v, carriersView{c.Accounts.Charter.Carriers, shownOnce{id, "token", token.Reveal()}}))
}

type tariffsView struct {
	Prices   []tariff.Row
	Lanes    []tariff.Lane
	Cities   map[int64]fleet.City
	Imported string // which table was taken just now, and how many rows of it
	Rows     int
}

// mostLanes bounds the page; the file has all.
const mostLanes = 200

func (c *console) tariffsPage(v *visit) error { return c.showTariffs(v, "", 0) }

func (c *console) showTariffs(v *visit, imported string, rows int) (err error) {
	view := tariffsView{Cities: map[int64]fleet.City{}, Imported: imported, Rows: rows}
	if view.Prices, err = c.Tariffs.Prices(v.Context()); err != nil {
		return err
	}
	if view.Lanes, err = c.Tariffs.Lanes(v.Context()); err != nil {
		return err
	}
	cities, err := c.Fleet.Cities(v.Context())
	for _, city := range cities {
		view.Cities[city.ID] = city
	}
	if err != nil {
		return err
	}
	return v.show(tariffPage(v, view))
}

// tables are what can be imported, each whole or not at all.
func (c *console) tables() map[string]func(context.Context, io.Reader) (int, error) {
	return map[string]func(context.Context, io.Reader) (int, error){
		"cities": c.Fleet.ImportCities, "sites": c.Fleet.ImportSites, "lanes": c.Tariffs.ImportLanes, "prices": c.Tariffs.ImportPrices,
	}
}

const maxTable = 16 << 20

func (c *console) importTable(v *visit) error {
	name := v.PathValue("table")
	take, known := c.tables()[name]
	if !known {
		return fault.New(fault.NotFound, "unknown_table", "there is no table %q", name)
	}
	file, err := v.upload("file", maxTable)
	if err != nil {
		return err
	}
	n, err := take(v.Context(), bytes.NewReader(file))
	if err != nil {
		return err
	}
	if err := v.did(fmt.Sprintf("imported %d %s", n, name), "tables"); err != nil {
		return err
	}
	return c.showTariffs(v, name, n)
}

// The tables as they can be imported again.
func (c *console) pricesCSV(v *visit) error {
	list, err := c.Tariffs.Prices(v.Context())
	if err != nil {
		return err
	}
	return v.csv("prices", []string{"zone", "mode", "size", "max_kg", "name", "price", "vat"}, func(write func(...string)) {
		for _, p := range list {
			write(strconv.Itoa(p.Zone), p.Mode(), fmt.Sprint(p.Size), decimal(p.MaxG, 1000), p.Name, decimal(p.Gross, 100), vat(p.VATPercent))
		}
	})
}

func (c *console) lanesCSV(v *visit) error {
	list, err := c.Tariffs.Lanes(v.Context())
	if err != nil {
		return err
	}
	return v.csv("lanes", []string{"from_city", "to_city", "locker", "zone", "days", "priority", "coefficient"}, func(write func(...string)) {
		for _, l := range list {
			write(orNothing(l.From), orNothing(l.To), l.Locker, strconv.Itoa(l.Zone), span(l.Standard), span(l.Priority), decimal(l.Coefficient, 1000))
		}
	})
}

// decimal writes a number of the smallest parts, such as 1250 thousandths as 1.25.
func decimal(n, parts int64) string {
	return strconv.FormatFloat(float64(n)/float64(parts), 'f', -1, 64)
}

func vat(percent int64) string {
	if percent < 0 {
		return ""
	}
	return strconv.FormatInt(percent, 10)
}

func orNothing(id int64) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(id, 10)
}

func span(d tariff.Days) string {
	switch {
	case d == (tariff.Days{}):
		return ""
	case d.Min == d.Max:
		return strconv.Itoa(d.Min)
	}
	return fmt.Sprintf("%d-%d", d.Min, d.Max)
}

// addLocker adds a locker, or renews the enrolment code of one that is there.
func (c *console) addLocker(v *visit) error {
	latitude, err1 := strconv.ParseFloat(v.FormValue("latitude"), 64)
	longitude, err2 := strconv.ParseFloat(v.FormValue("longitude"), 64)
	if err1 != nil || err2 != nil {
		return fault.New(fault.Invalid, "invalid_place", "latitude is −90 to 90, longitude −180 to 180")
	}
	l, secret, err := c.Fleet.Add(v.Context(), fleet.NewLocker{ID: strings.TrimSpace(v.FormValue("id")), Name: v.FormValue("name"), Address: v.FormValue("address"), Zone: strings.TrimSpace(v.FormValue("zone")),
		Latitude: latitude, Longitude: longitude})
	if err != nil {
		return err
	}
	if err := v.did("added a locker", l.ID); err != nil {
		return err
	}
	return v.show(newLockerPage(v, shownOnce{l.ID, "code", c.LockerCode(l.ID, secret)}))
}

func (c *console) newLocker(v *visit) error { return v.show(newLockerPage(v, shownOnce{})) }
