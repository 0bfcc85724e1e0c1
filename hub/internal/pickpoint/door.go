// Package pickpoint is the hub's door for shops whose software speaks PickPoint's merchant API: JSON by POST under /api/ and
// /apitest/. It is a translation: the rooms behind it are those of the native API, and PickPoint's words end here. What it takes and
// gives follows what that API's public clients send and read; docs/pickpoint.md has the methods one by one. It is lenient in what it
// takes (body.go) and strict in what it gives: HTTP 200 also for failures, an integer ErrorCode, and the text under both keys that clients read.
package pickpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/label"
	"lockstep/hub/internal/names"
	"lockstep/hub/internal/pickup"
	"lockstep/hub/internal/tariff"
	"lockstep/internal/fault"
	"lockstep/internal/quota"
	"lockstep/internal/web"
	"lockstep/parcel"
)

// maxBody bounds a request, in bytes: a thousand sendings with all that can be said of them.
const maxBody = 4 << 20

// Config is what the door stands on.
type Config struct {
	Accounts *account.Accounts
	Custody  *custody.Custody
	Fleet    *fleet.Fleet
	Network  string // its name, as the lockers' owner

	GS1Prefix parcel.GS1Prefix // empty: labels have no SSCC
	Handovers *handover.Handovers
	Pickups   *pickup.Pickups
	Names     *names.Names
	Tariffs   *tariff.Tariffs
	Notifier  []byte       // the notifier's public HPKE key, from the charter: contacts are sealed to it
	Quota     *quota.Quota // bounds the requests of each contract, by however many sessions, and of each address that has none; nil bounds nothing
	Now       func() time.Time
	Log       *slog.Logger
	// ReturnCode is what a customer types at the locker to put in the return with a barcode.
	ReturnCode func(barcode string) string
}

type door struct {
	Config
	methods map[string]method
	signIns signIns
}

// method is one of the API's. Names are in lower case; clients write them in any.
type method struct {
	open  bool // needs no session
	paper bool // it gives a document
	do    func(ctx context.Context, c *call) (any, error)
}

// call is one request.
type call struct {
	object
	merchant account.Merchant
	contract string     // the merchant's, ten digits ("IKN")
	from     netip.Addr // where it comes from
}

// underContract is Denied "wrong_contract" where one is named that is not the session's.
func (c *call) underContract(named string) error {
	if named != "" && named != c.contract {
		return fault.New(fault.Denied, "wrong_contract", "this is not the session's contract")
	}
	return nil
}

// New is the handler of /api/ and /apitest/.
func New(c Config) http.Handler {
	d := &door{Config: c, signIns: newSignIns()}
	d.methods = map[string]method{
		"login":          {open: true, do: d.login},
		"logout":         {open: true, do: d.logout},
		"authentication": {open: true, do: d.authenticate},
		"getstates":      {open: true, do: d.states},

		"postamatlist":          {open: true, do: d.postamats},
		"citylist":              {open: true, do: d.cities},
		"postindexpostamatlist": {open: true, do: d.postamatsNear},
		"clientpostamatlist":    {do: d.contractPostamats},

		"getzone":         {do: d.zones},
		"calctariff":      {do: d.calculate},
		"calctariffcms":   {do: d.calculate},
		"getdeliverycost": {do: d.costs},

		"createsending":  {do: d.create},
		"createshipment": {do: d.create},
		"updateinvoice":  {do: d.update},
		"cancelinvoice":  {do: d.cancel},
		"rejectinvoice":  {do: d.reject},
		"encloseinfo":    {do: d.enclosure},
		"tracksending":   {do: d.track},
		"tracksendings":  {do: d.trackAll},
		"sendinginfo":    {do: d.information},

		"getinvoiceschangestate": {do: d.changedStates},
		"invoiceschanging":       {do: d.changedSendings},

		"makereturn":            {do: d.makeReturn},
		"createreturn":          {do: d.createReturns},
		"getreturninvoiceslist": {do: d.returns},
		"getreturn":             {do: d.returnsNamed},
		"getproductreturnorder": {do: d.goodsOrders},
		"getmoneyreturnorder":   {do: d.moneyOrders},

		"makelabel":  {do: d.labels(label.A4), paper: true},
		"makezlabel": {do: d.labels(label.A6), paper: true},

		"makereestr":              {do: d.printRegistries, paper: true},
		"makereestrnumber":        {do: d.makeRegistries},
		"getreestr":               {do: d.registry, paper: true},
		"getreestrnumber":         {do: d.registryNumber},
		"removeinvoicefromreestr": {do: d.removeFromRegistry},
		"courier":                 {do: d.orderCourier},
		"couriercancel":           {do: d.cancelCourier},
	}
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	m, known := d.methods[nameOf(r.URL.Path)]
	if !known {
		d.write(w, http.StatusNotFound, failure{ErrorCode: codeBadRequest, ErrorMessage: "Нет такого метода", Error: "Нет такого метода"})
		return
	}
	answer, err := d.serve(w, r, m)
	switch {
	case m.paper && err != nil: // clients look how the text begins
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "Error: %s", d.failure(r.Context(), err).Error)
	case m.paper:
		w.Header().Set("Content-Type", "application/pdf")
		w.Write(answer.([]byte))
	case err != nil:
		d.write(w, http.StatusOK, d.failure(r.Context(), err))
	default:
		d.write(w, http.StatusOK, answer)
	}
}

// nameOf is the last part of a path, whatever its case and however many slashes come before.
func nameOf(path string) string {
	path = strings.TrimRight(path, "/")
	return strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
}

func (d *door) serve(w http.ResponseWriter, r *http.Request, m method) (answer any, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.Log.Error("a request's handler broke off", "method", nameOf(r.URL.Path), "panic", p)
			answer, err = nil, fault.New(fault.Internal, "internal", "a panic")
		}
	}()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "too_large", "the body is larger than %d MiB, or did not come whole", maxBody>>20)
	}
	o, err := parse(body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "malformed", "the body is not a JSON object")
	}
	c := &call{object: o, from: web.Address(r)}
	asker := "from " + c.from.String() // no contract is named so
	if !m.open {
		if c.merchant, c.contract, err = d.Accounts.Session(r.Context(), o.text("sessionid")); err != nil {
			return nil, err
		}
		asker = c.contract
	}
	if err := d.withinQuota(w, asker); err != nil {
		return nil, err
	}
	return m.do(r.Context(), c)
}

// withinQuota says in the answer's headers what an asker's quota still holds; Unavailable where it is used up.
func (d *door) withinQuota(w http.ResponseWriter, asker string) error {
	left := d.Quota.Take(asker, d.Now())
	left.Headers(w.Header().Set)
	if !left.Allowed {
		return fault.New(fault.Unavailable, "too_many_requests", "these are more requests than a contract, or an address without a session, may make")
	}
	return nil
}

func (d *door) write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		d.Log.Info("an answer was not taken", "err", err)
	}
}

type loggedIn struct {
	SessionID string `json:"SessionId"`
	failure
	ExpiresIn string
}

func (d *door) login(ctx context.Context, c *call) (any, error) {
	if err := d.signIns.mayTry(c, d.Now()); err != nil {
		return nil, err
	}
	session, until, err := d.Accounts.SignIn(ctx, c.text("login"), c.text("password"))
	if err != nil {
		return nil, err
	}
	d.signIns.right(c, d.Now())
	return loggedIn{SessionID: session.Reveal(), ExpiresIn: until.In(moscow).Format(dateTime)}, nil
}

// authenticate says whether a login, its password and its contract belong together, and gives the cities; it begins no session.
func (d *door) authenticate(ctx context.Context, c *call) (any, error) {
	if err := d.signIns.mayTry(c, d.Now()); err != nil {
		return nil, err
	}
	l, err := d.Accounts.CheckLogin(ctx, c.text("login"), c.text("password"))
	if err != nil {
		return nil, err
	}
	d.signIns.right(c, d.Now())
	if err := (&call{contract: l.Contract}).underContract(c.text("ikn")); err != nil {
		return nil, err
	}
	rows, err := d.cityRows(ctx)
	return struct {
		Success bool
		Cities  []cityRow
		failure
	}{Success: true, Cities: rows}, err
}

func (d *door) logout(ctx context.Context, c *call) (any, error) {
	return struct{ Success bool }{true}, d.Accounts.SignOut(ctx, c.text("sessionid"))
}
