package hub

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/user"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/courier"
	"lockstep/internal/line"
	"lockstep/internal/secret"
	"lockstep/parcel"
)

// operator is whoever runs the command, for the audit log.
func operator() string {
	if u, err := user.Current(); err == nil {
		return "operator " + u.Username
	}
	return "operator"
}

// AddMerchant makes a merchant and its first API key.
func (h *Hub) AddMerchant(ctx context.Context, name, carrier string) (MerchantView, error) {
	m, err := h.accounts.AddMerchant(ctx, name, carrier)
	if err != nil {
		return MerchantView{}, err
	}
	return h.NewMerchantKey(ctx, m.ID)
}

// NewMerchantKey makes a further API key for a merchant.
func (h *Hub) NewMerchantKey(ctx context.Context, id string) (MerchantView, error) {
	m, err := h.accounts.Merchant(ctx, id)
	if err != nil {
		return MerchantView{}, err
	}
	key, err := h.accounts.NewKey(ctx, id, "")
	if err != nil {
		return MerchantView{}, err
	}
	v := merchantView(m)
	v.Key = key.Reveal()
	return v, h.accounts.Audit(ctx, operator(), "made an API key", id)
}

// EndMerchantKeys ends all API keys of a merchant and says how many.
func (h *Hub) EndMerchantKeys(ctx context.Context, id string) (int64, error) {
	ended, err := h.accounts.EndKeys(ctx, id)
	if err != nil {
		return 0, err
	}
	return ended, h.accounts.Audit(ctx, operator(), "ended all API keys", id)
}

// SetExtension says how long a merchant's recipients may let parcels wait by their own word, in hours from the deposit on; 0 for
// no longer than the merchant has said.
func (h *Hub) SetExtension(ctx context.Context, merchant string, hours uint16) error {
	if err := h.accounts.SetExtension(ctx, merchant, parcel.DwellTime(hours)); err != nil {
		return err
	}
	return h.accounts.Audit(ctx, operator(), fmt.Sprintf("let recipients extend to %d hours", hours), merchant)
}

// SetRedirect says how many kilometres away a merchant's parcels may be sent where a locker cannot take them; 0 for nowhere else.
func (h *Hub) SetRedirect(ctx context.Context, merchant string, kilometres int) error {
	if err := h.accounts.SetRedirect(ctx, merchant, kilometres); err != nil {
		return err
	}
	return h.accounts.Audit(ctx, operator(), fmt.Sprintf("let parcels be sent on within %d km", kilometres), merchant)
}

// SetLogin makes a login for a merchant's older software, or gives it another password; an empty one is drawn and shown here alone.
func (h *Hub) SetLogin(ctx context.Context, merchant, login, contract, password string) (LoginView, error) {
	l := account.Login{Name: login, Merchant: merchant, Contract: contract}
	set, err := h.accounts.SetLogin(ctx, l, password)
	if err != nil {
		return LoginView{}, err
	}
	v := loginView(l)
	if password == "" {
		v.Password = set.Reveal()
	}
	return v, h.accounts.Audit(ctx, operator(), "set the password of login "+login, merchant)
}

// Logins lists all logins.
func (h *Hub) Logins(ctx context.Context) ([]LoginView, error) {
	list, err := h.accounts.Logins(ctx)
	return views(list, loginView), err
}

// EndLogin ends a login and its sessions.
func (h *Hub) EndLogin(ctx context.Context, login string) error {
	if err := h.accounts.EndLogin(ctx, login); err != nil {
		return err
	}
	return h.accounts.Audit(ctx, operator(), "ended a login", login)
}

// Merchants lists all merchants.
func (h *Hub) Merchants(ctx context.Context) ([]MerchantView, error) {
	list, err := h.accounts.Merchants(ctx)
	return views(list, merchantView), err
}

func merchantView(m account.Merchant) MerchantView {
	return MerchantView{ID: m.ID, Name: m.Name, Range: m.Range, Carrier: m.Carrier}
}

// AddCourier expects a house carrier's courier and makes the one-time URL that enrols their phone.
func (h *Hub) AddCourier(ctx context.Context, id, carrier string, lockers []string) (CourierView, error) {
	carrier, err := h.accounts.Carrier(carrier)
	if err != nil {
		return CourierView{}, err
	}
	c, token, err := h.couriers.Expect(ctx, courier.NewCourier{ID: id, Carrier: carrier, Lockers: lockers, Deposit: true, Withdraw: true})
	if err != nil {
		return CourierView{}, err
	}
	v := courierView(c)
	v.URL = h.config.PublicURL + "/courier/#enrol=" + token.Reveal()
	return v, h.accounts.Audit(ctx, operator(), "expected a courier", id)
}

// Couriers lists all couriers.
func (h *Hub) Couriers(ctx context.Context) ([]CourierView, error) {
	list, err := h.couriers.All(ctx)
	return views(list, courierView), err
}

// RevokeCourier ends a courier's phone, and a link that is not used yet; adding the courier again makes a new one.
func (h *Hub) RevokeCourier(ctx context.Context, id string) (CourierView, error) {
	if err := h.couriers.Revoke(ctx, id); err != nil {
		return CourierView{}, err
	}
	c, err := h.couriers.Courier(ctx, id)
	if err != nil {
		return CourierView{}, err
	}
	return courierView(c), h.accounts.Audit(ctx, operator(), "revoked a courier", id)
}

// AddCarrier makes the token with which a carrier's own service asks the hub, and ends the one before.
func (h *Hub) AddCarrier(ctx context.Context, id string) (CarrierView, error) {
	token, err := h.accounts.NewCarrierToken(ctx, id)
	if err != nil {
		return CarrierView{}, err
	}
	return CarrierView{ID: id, Token: token.Reveal()}, h.accounts.Audit(ctx, operator(), "made a carrier's token", id)
}

// Carriers lists the charter's carriers.
func (h *Hub) Carriers(context.Context) ([]CarrierView, error) {
	return views(h.keys.charter.Carriers, func(c statement.Carrier) CarrierView {
		v := CarrierView{ID: c.ID, KeyAtHub: c.KeyAtHub}
		for _, holder := range c.Keys.Holders {
			v.Keys = append(v.Keys, holder.Fingerprint())
		}
		return v
	}), nil
}

func courierView(c courier.Courier) CourierView {
	return CourierView{ID: c.ID, Carrier: c.Carrier, Lockers: c.Lockers, Enrolled: len(c.Certificate) > 0, Until: stamp(c.Until)}
}

// NewLocker is what it takes to add a locker.
type NewLocker = fleet.NewLocker

// AddLocker adds a locker, or renews the enrolment code of one that is there.
func (h *Hub) AddLocker(ctx context.Context, n NewLocker) (LockerView, error) {
	l, secret, err := h.fleet.Add(ctx, n)
	if err != nil {
		return LockerView{}, err
	}
	v := lockerView(l)
	v.Code = h.lockerCode(l.ID, secret)
	return v, h.accounts.Audit(ctx, operator(), "added a locker", n.ID)
}

// lockerCode is the enrolment code of a locker's line, as it is typed there.
func (h *Hub) lockerCode(id string, shown secret.Text) string {
	return line.Code{Locker: id, Secret: line.Secret(shown.Reveal()), Authority: h.keys.authority.Print()}.Text()
}

// The imports take a CSV file whole or not at all, and say how many rows it had. ImportCities: the cities that lockers stand in.
func (h *Hub) ImportCities(ctx context.Context, file io.Reader) (int, error) {
	n, err := h.fleet.ImportCities(ctx, file)
	return n, errors.Join(err, h.auditImport(ctx, err, n, "cities"))
}

// ImportSites is where lockers stand.
func (h *Hub) ImportSites(ctx context.Context, file io.Reader) (int, error) {
	n, err := h.fleet.ImportSites(ctx, file)
	return n, errors.Join(err, h.auditImport(ctx, err, n, "sites"))
}

// ImportLanes takes the lanes of the price list.
func (h *Hub) ImportLanes(ctx context.Context, file io.Reader) (int, error) {
	n, err := h.tariffs.ImportLanes(ctx, file)
	return n, errors.Join(err, h.auditImport(ctx, err, n, "lanes"))
}

// ImportPrices takes its prices.
func (h *Hub) ImportPrices(ctx context.Context, file io.Reader) (int, error) {
	n, err := h.tariffs.ImportPrices(ctx, file)
	return n, errors.Join(err, h.auditImport(ctx, err, n, "prices"))
}

func (h *Hub) auditImport(ctx context.Context, failed error, n int, what string) error {
	if failed != nil {
		return nil
	}
	return h.accounts.Audit(ctx, operator(), fmt.Sprintf("imported %d %s", n, what), "tables")
}

// Lockers lists all lockers.
func (h *Hub) Lockers(ctx context.Context) ([]LockerView, error) {
	all, err := h.fleet.All(ctx)
	return views(all, lockerView), err
}

// Locker shows one locker with its compartments and open alarms.
func (h *Hub) Locker(ctx context.Context, id string) (LockerView, error) {
	l, err := h.fleet.Locker(ctx, id)
	if err != nil {
		return LockerView{}, err
	}
	v := lockerView(l)
	if l.Standing.Paused > h.config.Now().UnixMicro() {
		v.Paused = stamp(l.Standing.Paused)
	}
	compartments, err := h.fleet.Compartments(ctx, id)
	if err != nil {
		return v, err
	}
	v.Compartments = views(compartments, func(c fleet.Compartment) CompartmentView {
		return CompartmentView{c.Number, c.Size, string(c.State), c.Faulted, c.Blocked, c.Untested, c.Parcel}
	})
	if v.Requests, err = h.requestsAt(ctx, id); err != nil {
		return v, err
	}
	refusals, err := h.fleet.Refused(ctx, id)
	if err != nil {
		return v, err
	}
	v.Refusals = views(refusals.List(), func(r fleet.Refused) RefusalView { return RefusalView(r) })
	alarms, err := h.fleet.Alarms(ctx, id, 100)
	v.Alarms = views(alarms, alarmView)
	return v, err
}

func lockerView(l fleet.Locker) LockerView {
	v := LockerView{ID: l.ID, Name: l.Name, Address: l.Address, State: string(l.State), Line: string(l.Line), Heard: stamp(l.Heard),
		Position: l.Position, Head: l.Head, Guards: l.Guards, Epoch: l.Standing.Epoch, Technician: l.Standing.Technician,
		Room: views(l.Room, func(r fleet.Room) RoomView { return RoomView{r.Size, r.Total, r.Free} })}
	if d := l.Standing.Lockdown; d.Record > 0 {
		v.Lockdown = &LockdownView{d.Record, hex.EncodeToString(d.Hash[:]), d.Reason}
	}
	return v
}

func alarmView(a fleet.Alarm) AlarmView {
	return AlarmView{a.ID, a.Locker, string(a.Kind), a.Reason, a.Compartment, a.Record, stamp(a.Raised), a.Proven}
}

// EndAlarm says that a person has looked after an alarm.
func (h *Hub) EndAlarm(ctx context.Context, id string) error {
	if err := h.fleet.EndAlarm(ctx, id, operator()); err != nil {
		return err
	}
	return h.accounts.Audit(ctx, operator(), "ended an alarm", id)
}

// Parcel shows one parcel with its events.
func (h *Hub) Parcel(ctx context.Context, barcode string) (ParcelView, error) {
	p, err := h.custody.Parcel(ctx, "", barcode)
	if err != nil {
		return ParcelView{}, err
	}
	list, err := h.custody.Events(ctx, "", barcode)
	v := h.parcelView(p)
	v.Events = views(list, func(e custody.Event) EventView {
		return EventView{string(e.What), e.Actor, e.Reason, string(e.After), stamp(e.Happened), string(e.Proof), e.Record}
	})
	if err != nil {
		return v, err
	}
	asked, err := h.custody.Requests(ctx, "", barcode)
	v.Requests = views(asked, requestView)
	return v, err
}

// Parcels lists the parcels of a carrier that are not finished, at one locker or all (""); an empty carrier is every carrier's.
func (h *Hub) Parcels(ctx context.Context, carrier, locker string) ([]ParcelView, error) {
	var all []ParcelView
	for _, known := range h.keys.charter.Carriers {
		if carrier != "" && known.ID != carrier {
			continue
		}
		list, err := h.custody.Live(ctx, known.ID, locker)
		if err != nil {
			return nil, err
		}
		all = append(all, views(list, h.parcelView)...)
	}
	return all, nil
}

func (h *Hub) parcelView(p custody.Parcel) ParcelView {
	return ParcelView{Barcode: p.Barcode, Shipment: p.Shipment, Merchant: p.Merchant, Locker: p.Locker, Size: p.Size,
		State: string(p.State), Claimed: p.State.Claimed(), Outbound: p.Outbound, Hold: p.Hold, Due: stamp(p.Due), Tracking: h.tracking(p.Token)}
}

// Status is the network at a glance.
func (h *Hub) Status(ctx context.Context) (StatusView, error) {
	v := StatusView{Lockers: map[string]int{}, Parcels: map[string]int{}}
	lockers, err := h.Lockers(ctx)
	if err != nil {
		return v, err
	}
	for _, l := range lockers {
		v.Lockers[l.Line]++
	}
	counts, err := h.custody.Counts(ctx)
	if err != nil {
		return v, err
	}
	for state, n := range counts {
		v.Parcels[string(state)] = n
	}
	alarms, err := h.fleet.Alarms(ctx, "", 100)
	v.Alarms = views(alarms, alarmView)
	return v, err
}

// NewPaymentToken makes the payment service's bearer token and ends the one before.
func (h *Hub) NewPaymentToken(ctx context.Context) (string, error) {
	return h.newToken(ctx, account.Payments, "made the payment service's token", "payments")
}

// NewNotifierToken makes the notifier's bearer token and ends the one before.
func (h *Hub) NewNotifierToken(ctx context.Context) (string, error) {
	return h.newToken(ctx, account.Notifier, "made the notifier's token", "notifier")
}

func (h *Hub) newToken(ctx context.Context, of account.Service, act, subject string) (string, error) {
	token, err := h.accounts.NewServiceToken(ctx, of)
	if err != nil {
		return "", err
	}
	return token.Reveal(), h.accounts.Audit(ctx, operator(), act, subject)
}
