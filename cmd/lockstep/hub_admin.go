package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"lockstep/hub"
)

type hubMerchant struct {
	Add  merchantAdd  `cmd:"" help:"Add a merchant; shows its first API key, once."`
	List merchantList `cmd:"" help:"List merchants."`
	Key  merchantKey  `cmd:"" help:"Make a further API key, shown once, or end all."`

	Extension merchantExtension `cmd:"" help:"Say how long recipients may let its parcels wait by their own word."`
	Redirect  merchantRedirect  `cmd:"" help:"Say how far away its parcels may be sent where a locker cannot take them."`

	Login    merchantLogin    `cmd:"" help:"Let software that speaks PickPoint's API sign in for a merchant, or give its login another password."`
	Logins   merchantLogins   `cmd:"" help:"List logins."`
	EndLogin merchantEndLogin `cmd:"" help:"End a login and its sessions."`
}

type merchantAdd struct {
	Name    string `arg:"" help:"The merchant's name."`
	Carrier string `help:"Whose couriers bring its parcels; the house carrier where none is named."`
}

func (m merchantAdd) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.MerchantView, error) {
		return h.AddMerchant(ctx, m.Name, m.Carrier)
	}, merchantLine)
}

type merchantList struct{}

func (merchantList) Run(c *commands) error { return list(c, (*hub.Hub).Merchants, merchantLine) }

type merchantKey struct {
	ID  string `arg:"" help:"The merchant's id."`
	End bool   `help:"End all its keys instead of making one."`
}

func (m merchantKey) Run(c *commands) error {
	if !m.End {
		return show(c, func(ctx context.Context, h *hub.Hub) (hub.MerchantView, error) { return h.NewMerchantKey(ctx, m.ID) }, merchantLine)
	}
	return show(c, func(ctx context.Context, h *hub.Hub) (map[string]int64, error) {
		n, err := h.EndMerchantKeys(ctx, m.ID)
		return map[string]int64{"ended": n}, err
	}, func(w io.Writer, v map[string]int64) { fmt.Fprintf(w, "%d keys ended\n", v["ended"]) })
}

type merchantExtension struct {
	ID    string `arg:"" help:"The merchant's id."`
	Hours uint16 `arg:"" help:"From the deposit on, 24 to 1440; 0: they may not."`
}

func (m merchantExtension) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error { return h.SetExtension(ctx, m.ID, m.Hours) })
}

type merchantRedirect struct {
	ID         string `arg:"" help:"The merchant's id."`
	Kilometres int    `arg:"" help:"As the crow flies, at most 50; 0: nowhere else."`
}

func (m merchantRedirect) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error { return h.SetRedirect(ctx, m.ID, m.Kilometres) })
}

type merchantLogin struct {
	ID       string `arg:"" help:"The merchant's id."`
	Login    string `arg:"" help:"What its software signs in with; 1 to 50 printable ASCII characters."`
	Contract string `arg:"" help:"Its contract number (IKN), ten digits."`
	Password string `help:"One that it has already; a password is drawn and shown, once, where none is given." env:"LOCKSTEP_PASSWORD"`
}

func (m merchantLogin) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.LoginView, error) {
		return h.SetLogin(ctx, m.ID, m.Login, m.Contract, m.Password)
	}, loginLine)
}

type merchantLogins struct{}

func (merchantLogins) Run(c *commands) error { return list(c, (*hub.Hub).Logins, loginLine) }

type merchantEndLogin struct {
	Login string `arg:"" help:"The login."`
}

func (m merchantEndLogin) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error { return h.EndLogin(ctx, m.Login) })
}

func loginLine(w io.Writer, l hub.LoginView) {
	fmt.Fprintf(w, "%s\tcontract %s\tmerchant %s\t%s\n", l.Login, l.Contract, l.Merchant, l.Password)
}

func merchantLine(w io.Writer, m hub.MerchantView) {
	fmt.Fprintf(w, "%s\t%s\trange %s\tcarrier %s\t%s\n", m.ID, m.Name, m.Range, m.Carrier, m.Key)
}

type hubHandover struct {
	Show   handoverShow   `cmd:"" help:"Show an act with its shipments."`
	Accept handoverAccept `cmd:"" help:"Say that the carrier has everything on an act."`
	Back   handoverBack   `cmd:"" help:"Show an act of what the carrier handed back, or write it into a PDF."`
}

type actNumber struct {
	Number int64 `arg:"" help:"The act's number."`
}

type handoverShow struct{ actNumber }

func (a handoverShow) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.HandoverView, error) { return h.Handover(ctx, a.Number) }, handoverLine)
}

type handoverAccept struct{ actNumber }

func (a handoverAccept) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.HandoverView, error) {
		return h.AcceptHandover(ctx, a.Number)
	}, handoverLine)
}

func handoverLine(w io.Writer, v hub.HandoverView) {
	state := "waits for carrier " + v.Carrier
	if v.Accepted != nil {
		state = "accepted " + v.Accepted.Format(time.RFC3339) + " by " + v.Actor
	}
	fmt.Fprintf(w, "%d\tmerchant %s\t%s\t%d shipments\t%s\n", v.Number, v.Merchant, v.City, len(v.Shipments), state)
}

type handoverBack struct {
	actNumber
	File string `arg:"" optional:"" help:"Where to write the PDF; a file that is there is not replaced."`
}

func (a handoverBack) Run(c *commands) error {
	if a.File == "" {
		return show(c, func(ctx context.Context, h *hub.Hub) (hub.ReturnActView, error) { return h.ReturnAct(ctx, a.Number) }, returnActLine)
	}
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		return create(a.File, func(w io.Writer) error { return h.PrintReturnAct(ctx, a.Number, w) })
	})
}

func returnActLine(w io.Writer, v hub.ReturnActView) {
	fmt.Fprintf(w, "%d\tmerchant %s\tcarrier %s\t%s by %s\t%s\n", v.Number, v.Merchant, v.Carrier, v.Created.Format(time.RFC3339), v.Actor, strings.Join(v.Parcels, " "))
}

type hubLocker struct {
	Add  lockerAdd  `cmd:"" help:"Add a locker; shows its enrolment code, once. Again: a new code."`
	List lockerList `cmd:"" help:"List lockers."`
	Show lockerShow `cmd:"" help:"Show a locker with its compartments, what was asked of it, and its alarms."`

	Pause   lockerPause   `cmd:"" help:"Open nothing for a while, at most four hours."`
	Unpause lockerUnpause `cmd:"" help:"End a pause."`
	Block   lockerBlock   `cmd:"" help:"Take no deposits into some compartments; collections go on."`
	Unblock lockerUnblock `cmd:"" help:"Take deposits there again."`
	Lift    lockerLift    `cmd:"" help:"Send two operators' signed word that a lockdown is over."`
	Charter lockerCharter `cmd:"" help:"Send the charters of the key folder that lockers do not go by yet."`
	Journal lockerJournal `cmd:"" help:"Write a locker's journal into a file, for lockstep audit."`
	Replace lockerReplace `cmd:"" help:"Prepare for another guard where the one before is dead; shows an enrolment code, once."`
	Sites   importSites   `cmd:"" help:"Say where lockers stand, from a CSV file: city, street, hours and how to find them."`
	Cities  importCities  `cmd:"" help:"Take the cities that lockers stand in from a CSV file."`
}

type csvFile struct {
	File string `arg:"" type:"existingfile" help:"CSV in UTF-8; its first line names the columns."`
}

func (f csvFile) take(c *commands, do func(h *hub.Hub, ctx context.Context, file io.Reader) (int, error)) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (map[string]int, error) {
		file, err := os.Open(f.File)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		n, err := do(h, ctx, file)
		return map[string]int{"rows": n}, err
	}, func(w io.Writer, v map[string]int) { fmt.Fprintf(w, "%d rows\n", v["rows"]) })
}

type hubTariff struct {
	Lanes  importLanes  `cmd:"" help:"Take the lanes: from which city to which city or locker, in which zone, in how many days."`
	Prices importPrices `cmd:"" help:"Take the prices: by zone, size and weight."`
}

type importLanes struct{ csvFile }

func (i importLanes) Run(c *commands) error { return i.take(c, (*hub.Hub).ImportLanes) }

type importPrices struct{ csvFile }

func (i importPrices) Run(c *commands) error { return i.take(c, (*hub.Hub).ImportPrices) }

type importSites struct{ csvFile }

func (i importSites) Run(c *commands) error { return i.take(c, (*hub.Hub).ImportSites) }

type importCities struct{ csvFile }

func (i importCities) Run(c *commands) error { return i.take(c, (*hub.Hub).ImportCities) }

type lockerAdd struct {
	ID        string  `arg:"" help:"The locker's id: a–z, 0–9, '.', '_' and '-'."`
	Name      string  `required:"" help:"What people call it."`
	Address   string  `required:"" help:"Where it stands."`
	Zone      string  `default:"Europe/Moscow" help:"Its time zone."`
	Latitude  float64 `help:"Degrees north."`
	Longitude float64 `help:"Degrees east."`
}

func (l lockerAdd) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.LockerView, error) {
		return h.AddLocker(ctx, hub.NewLocker{ID: l.ID, Name: l.Name, Address: l.Address, Zone: l.Zone, Latitude: l.Latitude, Longitude: l.Longitude})
	}, lockerLine)
}

type lockerList struct{}

func (lockerList) Run(c *commands) error { return list(c, (*hub.Hub).Lockers, lockerLine) }

type lockerShow struct {
	ID string `arg:"" help:"The locker's id."`
}

func (l lockerShow) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.LockerView, error) { return h.Locker(ctx, l.ID) },
		func(w io.Writer, v hub.LockerView) {
			lockerLine(w, v)
			for _, d := range v.Compartments {
				fmt.Fprintf(w, "  %d\t%s\t%s%s\t%s\n", d.Number, d.Size, d.State, flags(d), d.Parcel)
			}
			standingLines(w, v)
			requestLines(w, v.Requests)
			for _, r := range v.Refusals {
				fmt.Fprintf(w, "REFUSED\t%s\t%d\t%s\n", r.Day, r.Count, r.What)
			}
			alarmLines(w, v.Alarms)
		})
}

func flags(d hub.CompartmentView) (text string) {
	for i, is := range []bool{d.Faulted, d.Blocked, d.Untested} {
		if is {
			text += []string{" faulted", " blocked", " untested"}[i]
		}
	}
	return text
}

func standingLines(w io.Writer, v hub.LockerView) {
	fmt.Fprintf(w, "CHARTER\tepoch %d\n", v.Epoch)
	if v.Paused != "" {
		fmt.Fprintf(w, "PAUSED\tuntil about %s\n", v.Paused)
	}
	if d := v.Lockdown; d != nil {
		fmt.Fprintf(w, "LOCKDOWN\trecord %d\t%s\t%s\n", d.Record, d.Hash, d.Reason)
	}
	if v.Technician != "" {
		fmt.Fprintf(w, "TECHNICIAN\t%s\n", v.Technician)
	}
}

func requestLines(w io.Writer, list []hub.RequestView) {
	for _, r := range list {
		requestLine(w, r)
	}
}

func requestLine(w io.Writer, r hub.RequestView) {
	fmt.Fprintf(w, "ASKED\t%s\t%d\t%s %s\tby %s\t%s\t%s %s\n", r.Locker, r.Number, r.Kind, r.Subject, r.Actor, r.Made, r.State, r.Refused)
}

func lockerLine(w io.Writer, l hub.LockerView) {
	var room []string
	for _, r := range l.Room {
		room = append(room, fmt.Sprintf("%s %d/%d", r.Size, r.Free, r.Total))
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s %s\trecords %d of %d\tfree %s\t%s\n", l.ID, l.Name, l.State, l.Line, l.Heard, l.Position, l.Head,
		strings.Join(room, ", "), l.Code)
}

func alarmLines(w io.Writer, alarms []hub.AlarmView) {
	for _, a := range alarms {
		alarmLine(w, a)
	}
}

func alarmLine(w io.Writer, a hub.AlarmView) {
	evidence := ""
	if a.Evidence {
		evidence = "with evidence"
	}
	fmt.Fprintf(w, "ALARM\t%s\t%s\t%s %s\tcompartment %d\trecord %d\t%s\t%s\n", a.Locker, a.Raised, a.Kind, a.Reason, a.Compartment, a.Record, a.ID, evidence)
}

type hubCourier struct {
	Add    courierAdd    `cmd:"" help:"Expect a courier; shows the URL that enrols their phone, once. Again: a new phone."`
	List   courierList   `cmd:"" help:"List couriers."`
	Revoke courierRevoke `cmd:"" help:"End a courier's phone at once, and a link that is not used yet."`
}

type courierAdd struct {
	ID      string   `arg:"" help:"The carrier's name for the courier; not a person's name."`
	Carrier string   `help:"The courier's house carrier, where there are several. Other carriers certify theirs: lockstep carrier."`
	Lockers []string `default:"*" help:"Where they are sent; * is the whole network."`
}

func (a courierAdd) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.CourierView, error) {
		return h.AddCourier(ctx, a.ID, a.Carrier, a.Lockers)
	}, courierLine)
}

type courierList struct{}

func (courierList) Run(c *commands) error { return list(c, (*hub.Hub).Couriers, courierLine) }

type courierRevoke struct {
	ID string `arg:"" help:"The courier's id."`
}

func (r courierRevoke) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.CourierView, error) { return h.RevokeCourier(ctx, r.ID) }, courierLine)
}

type hubCarrier struct {
	Add  carrierAdd  `cmd:"" help:"Let a carrier's own service ask this hub; shows its token, once. Again: a new token, and the one before ends."`
	List carrierList `cmd:"" help:"List the charter's carriers."`
}

type carrierAdd struct {
	ID string `arg:"" help:"The carrier's id in the charter."`
}

func (a carrierAdd) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.CarrierView, error) { return h.AddCarrier(ctx, a.ID) },
		func(w io.Writer, v hub.CarrierView) { fmt.Fprintln(w, v.Token) })
}

type carrierList struct{}

func (carrierList) Run(c *commands) error {
	return list(c, (*hub.Hub).Carriers, func(w io.Writer, v hub.CarrierView) {
		place := "its own key"
		if v.KeyAtHub {
			place = "key at the hub"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", v.ID, place, strings.Join(v.Keys, ", "))
	})
}

func courierLine(w io.Writer, v hub.CourierView) {
	enrolled := "not enrolled"
	if v.Enrolled {
		enrolled = "certified until " + v.Until
	}
	fmt.Fprintf(w, "%s\tcarrier %s\tlockers %s\t%s\t%s\n", v.ID, v.Carrier, strings.Join(v.Lockers, " "), enrolled, v.URL)
}

type hubParcel struct {
	Show     parcelShow     `cmd:"" help:"Show a parcel and what happened to it."`
	List     parcelList     `cmd:"" help:"List parcels that are not finished."`
	Returned parcelReturned `cmd:"" help:"Say that merchants have withdrawn or recovered parcels again; makes an act for each merchant."`
	Extend   parcelExtend   `cmd:"" help:"Ask its locker to let a parcel wait longer."`
	Reissue  parcelReissue  `cmd:"" help:"Ask its locker for a new code, which goes to the recipient and kills the old one."`
}

type parcelShow struct {
	Barcode string `arg:"" help:"The parcel's 12 digits."`
}

func (p parcelShow) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.ParcelView, error) { return h.Parcel(ctx, p.Barcode) }, parcelLine)
}

type parcelList struct {
	Carrier string `help:"Only this carrier's."`
	Locker  string `help:"Only at this locker."`
}

func (p parcelList) Run(c *commands) error {
	return list(c, func(h *hub.Hub, ctx context.Context) ([]hub.ParcelView, error) {
		return h.Parcels(ctx, p.Carrier, p.Locker)
	}, parcelLine)
}

type parcelReturned struct {
	Barcodes []string `arg:"" help:"The parcels' 12 digits: all that were handed back at a time."`
}

func (p parcelReturned) Run(c *commands) error {
	return list(c, func(h *hub.Hub, ctx context.Context) ([]hub.ReturnActView, error) { return h.Returned(ctx, p.Barcodes) }, returnActLine)
}

func parcelLine(w io.Writer, p hub.ParcelView) {
	state := p.State
	if p.Claimed {
		state += " (claimed)"
	}
	fmt.Fprintf(w, "%s\t%s\t%s %s\tat %s\tdue %s\t%s\n", p.Barcode, p.Size, state, p.Hold, p.Locker, p.Due, p.Tracking)
	for _, e := range p.Events {
		fmt.Fprintf(w, "  %s\t%s\tby %s\t%s %d\t%s\n", e.Happened, e.What, e.Actor, e.Proof, e.Record, e.Reason)
	}
	requestLines(w, p.Requests)
}

type hubStatus struct{}

func (hubStatus) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.StatusView, error) { return h.Status(ctx) },
		func(w io.Writer, v hub.StatusView) {
			for _, line := range slices.Sorted(maps.Keys(v.Lockers)) {
				fmt.Fprintf(w, "lockers\t%s\t%d\n", line, v.Lockers[line])
			}
			for _, state := range slices.Sorted(maps.Keys(v.Parcels)) {
				fmt.Fprintf(w, "parcels\t%s\t%d\n", state, v.Parcels[state])
			}
			alarmLines(w, v.Alarms)
		})
}

type hubAlarm struct {
	ID string `arg:"" help:"The alarm's id, as status shows it."`
}

func (a hubAlarm) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error { return h.EndAlarm(ctx, a.ID) })
}

type hubNotifier struct {
	Token notifierToken `cmd:"" help:"Make the notifier's bearer token, shown once; ends the one before."`
}

type notifierToken struct{}

func (notifierToken) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (map[string]string, error) {
		token, err := h.NewNotifierToken(ctx)
		return map[string]string{"token": token}, err
	}, func(w io.Writer, v map[string]string) { fmt.Fprintln(w, v["token"]) })
}

type hubPayment struct {
	Token  paymentToken  `cmd:"" help:"Make the payment service's bearer token, shown once; ends the one before."`
	Settle paymentSettle `cmd:"" help:"Say that a merchant gets all that is paid for its shipments and was not settled before; makes one act of it."`
	Acts   paymentActs   `cmd:"" help:"List such acts."`
	Act    paymentAct    `cmd:"" help:"Show such an act, or write it into a PDF."`
}

type paymentSettle struct {
	Merchant string `arg:"" help:"The merchant's id."`
	Order    string `required:"" placeholder:"NUMBER" help:"Number of the payment order by which the money is transferred; one act for each."`
	Currency string `default:"RUB" help:"What was paid in this currency."`
}

func (p paymentSettle) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (hub.MoneyActView, error) {
		return h.SettlePayments(ctx, p.Merchant, p.Order, p.Currency)
	}, moneyActLine)
}

type paymentActs struct {
	Merchant string `arg:"" optional:"" help:"The merchant's id; all, where none is given."`
}

func (p paymentActs) Run(c *commands) error {
	return list(c, func(h *hub.Hub, ctx context.Context) ([]hub.MoneyActView, error) { return h.MoneyActs(ctx, p.Merchant) }, moneyActLine)
}

type paymentAct struct {
	actNumber
	File string `arg:"" optional:"" help:"Where to write the PDF; a file that is there is not replaced."`
}

func (a paymentAct) Run(c *commands) error {
	if a.File == "" {
		return show(c, func(ctx context.Context, h *hub.Hub) (hub.MoneyActView, error) { return h.MoneyAct(ctx, a.Number) }, moneyActLine)
	}
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		return create(a.File, func(w io.Writer) error { return h.PrintMoneyAct(ctx, a.Number, w) })
	})
}

func moneyActLine(w io.Writer, v hub.MoneyActView) {
	fmt.Fprintf(w, "%d\tmerchant %s\torder %s\t%d shipments\tpaid %d.%02d %s\tof it for what came back %d.%02d\t%s by %s\n", v.Number, v.Merchant, v.Order, v.Shipments,
		v.Paid/100, v.Paid%100, v.Currency, v.Returned/100, v.Returned%100, v.Created.Format(time.RFC3339), v.Actor)
}

type paymentToken struct{}

func (paymentToken) Run(c *commands) error {
	return show(c, func(ctx context.Context, h *hub.Hub) (map[string]string, error) {
		token, err := h.NewPaymentToken(ctx)
		return map[string]string{"token": token}, err
	}, func(w io.Writer, v map[string]string) { fmt.Fprintln(w, v["token"]) })
}

type hubCheck struct{}

func (hubCheck) Run(c *commands) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		found, err := h.Check(ctx)
		if err != nil {
			return err
		}
		if err := c.Hub.print(map[string]any{"differences": append([]string{}, found...)}, func(w io.Writer) {
			fmt.Fprintln(w, strings.Join(append(found, fmt.Sprintf("%d differences", len(found))), "\n"))
		}); err != nil {
			return err
		}
		if len(found) > 0 {
			return errors.New("what is stored is not what the records say")
		}
		return nil
	})
}

// show runs a command on an open hub and prints its one result.
func show[V any](c *commands, do func(context.Context, *hub.Hub) (V, error), line func(io.Writer, V)) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		v, err := do(ctx, h)
		if err != nil {
			return err
		}
		return c.Hub.print(v, func(w io.Writer) { line(w, v) })
	})
}

// list does the same for a list, one line each.
func list[V any](c *commands, do func(*hub.Hub, context.Context) ([]V, error), line func(io.Writer, V)) error {
	return c.Hub.with(func(ctx context.Context, h *hub.Hub) error {
		all, err := do(h, ctx)
		if err != nil {
			return err
		}
		return c.Hub.print(append([]V{}, all...), func(w io.Writer) {
			for _, v := range all {
				line(w, v)
			}
		})
	})
}
