// Package console is the hub's pages for whoever signs in: for the operator's staff the map of lockers, each locker's front, parcels,
// alarms, people; for merchants' people, below /shop/, their shipments and all that goes with them. Everybody has a role, and what a role may do is one table (rights.go). Nothing here opens a door.
package console

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"
	_ "time/tzdata" // lockers' wall clocks, on machines without the tables

	"github.com/a-h/templ"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/hub/internal/handover"
	"lockstep/hub/internal/names"
	"lockstep/hub/internal/outbox"
	"lockstep/hub/internal/tariff"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
	"lockstep/internal/secret"
	"lockstep/internal/web"
	"lockstep/internal/words"
)

// maxBody bounds what a visitor sends: the largest is a table.
const maxBody = maxTable + 1<<20

// Config is what the console stands on.
type Config struct {
	Accounts *account.Accounts
	Passkeys *account.Passkeys // nil where PublicURL can have none: then nobody signs in
	Fleet    *fleet.Fleet
	Custody  *custody.Custody
	Dispatch *dispatch.Dispatch
	Couriers *courier.Couriers // house carriers'
	Tariffs  *tariff.Tariffs
	Names    *names.Names
	Outbox   *outbox.Outbox
	Money    *handover.Handovers
	API      http.Handler // the native one, which merchants' people ask through their pages
	Tiles    web.Tiles
	Now      func() time.Time
	Log      *slog.Logger

	PublicURL string // where people reach it, without a slash at the end
	// Restrict asks a locker to stop something, in the name of a user.
	Restrict func(ctx context.Context, actor string, r statement.Restriction) error
	// PrintMoneyAct draws an act of money as a PDF.
	PrintMoneyAct func(ctx context.Context, number int64, to io.Writer) error
	// Journal writes what lockstep audit reads of a locker's guard; 0 is the one it has now.
	Journal func(ctx context.Context, locker string, guard uint64, to io.Writer) error
	// LockerCode is what a technician types at a locker to enrol its line.
	LockerCode func(locker string, shown secret.Text) string
}

//go:embed page
var files embed.FS

type console struct {
	Config
	table []route
	mux   *http.ServeMux
	own   string // the origin that posts come from
}

// New is the handler of /console/ and /shop/.
func New(c Config) (http.Handler, error) {
	own, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	images, err := c.Tiles.Sources()
	if err != nil {
		return nil, err
	}
	k := &console{Config: c, mux: http.NewServeMux()}
	k.table = k.routes()
	for _, row := range k.table {
		k.mux.Handle(row.pattern, k.signedIn(row))
	}
	k.mux.HandleFunc("GET /console/sign-in", k.open(k.signInPage))
	k.mux.HandleFunc("GET /console/enrol", k.open(k.enrolPage))
	for pattern, handle := range map[string]func(*http.Request) (*account.Signed, any, error){
		"POST /console/sign-in/begin": k.beginSignIn, "POST /console/sign-in/finish": k.finishSignIn,
		"POST /console/enrol/begin": k.beginEnrol, "POST /console/enrol/finish": k.finishEnrol,
	} {
		k.mux.HandleFunc(pattern, k.ceremony(handle))
	}
	k.mux.HandleFunc("POST /console/sign-out", k.signOut)
	k.mux.Handle("GET /console/page/", http.StripPrefix("/console/page/", web.Files(words.Page(own, "console"))))
	k.mux.Handle("GET /console", http.RedirectHandler("/console/", http.StatusMovedPermanently))
	k.mux.Handle("GET /shop", http.RedirectHandler("/shop/", http.StatusMovedPermanently))
	return web.Secure(web.Policy{Tiles: images, Frames: true, Location: true}, http.NewCrossOriginProtection().Handler(k.mux)), nil
}

// visit is one request of a user who is signed in.
type visit struct {
	http.ResponseWriter
	*http.Request
	*words.Language
	User account.User
	Path string
	c    *console
	now  time.Time
}

// Can says whether the visitor may do what a form or a link leads to.
func (v *visit) Can(method, path string) bool { return v.c.allow(v.User.Role, method, path) }

// signedIn serves a route to those who may use it. Who is not signed in is sent to do so; who may not is told.
func (c *console) signedIn(row route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{ResponseWriter: w, Request: r, Language: words.Of(r), Path: r.URL.Path, c: c, now: c.Now()}
		words.Keep(w, r)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		user, err := c.userOf(r)
		switch {
		case fault.KindOf(err) == fault.Denied && r.Method == http.MethodGet && r.Header.Get("HX-Request") == "":
			http.Redirect(w, r, "/console/sign-in", http.StatusSeeOther)
			return
		case err == nil && !row.who.may(user.Role):
			err = fault.New(fault.Denied, "not_your_role", "the role %s may not do this", user.Role)
		}
		v.User = user
		w.Header().Set("Cache-Control", "no-store")
		if err == nil {
			err = row.handle(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

// fail answers with a page that says what went wrong.
func (v *visit) fail(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if fault.KindOf(err) == fault.Internal {
		v.c.Log.Error("console", "path", v.Request.URL.Path, "error", err)
	}
	v.WriteHeader(web.Status(err))
	code, message := v.said(err)
	_ = failurePage(v, code, message).Render(v.Context(), v)
}

// said is what the visitor is told of an error, in their language.
func (v *visit) said(err error) (code, message string) {
	code, message = fault.Public(err)
	if said := "console.errors." + code; v.Has(said) {
		message = v.Say(said, "detail", message)
	}
	return code, message
}

// show sends a page, or the part of it that htmx asked for.
func (v *visit) show(page templ.Component) error {
	v.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.Header().Set("Vary", "Accept-Language, Cookie, HX-Request")
	return page.Render(v.Context(), v)
}

// Header is the answer's.
func (v *visit) Header() http.Header { return v.ResponseWriter.Header() }

// Write writes to the answer.
func (v *visit) Write(data []byte) (int, error) { return v.ResponseWriter.Write(data) }

// upload is a file that the visitor has chosen.
func (v *visit) upload(field string, most int64) ([]byte, error) {
	file, _, err := v.FormFile(field)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, fault.Wrap(err, fault.Invalid, "too_large", "that is too long")
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "no_file", "choose a file")
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if int64(len(data)) > most {
		return nil, fault.New(fault.Invalid, "too_large", "that is too long")
	}
	return data, err
}

// back sends the visitor on after something was done, to a path of ours.
func (v *visit) back(path string) error {
	http.Redirect(v.ResponseWriter, v.Request, path, http.StatusSeeOther)
	return nil
}

// did writes into the audit log what the visitor has done.
func (v *visit) did(act, subject string) error {
	return v.c.Accounts.Audit(v.Context(), v.User.Actor(), act, subject)
}

// ago is how long ago something happened, empty for never.
func (v *visit) ago(micros int64) string {
	if micros == 0 {
		return ""
	}
	return v.Ago(v.now.Sub(time.UnixMicro(micros)))
}

// at is a time on the wall of a zone; UTC is said beside where no zone is known.
func (v *visit) at(micros int64, zone string) string {
	if micros == 0 {
		return ""
	}
	place, err := time.LoadLocation(zone)
	if err != nil || zone == "" {
		return v.Clock(time.UnixMicro(micros), time.UTC) + " UTC"
	}
	return v.Clock(time.UnixMicro(micros), place)
}

// stamp is a time as CSV and <time> have it.
func stamp(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format(time.RFC3339)
}

// title is a page's, with what it is about.
func title(parts ...any) string {
	var out []string
	for _, p := range parts {
		out = append(out, fmt.Sprint(p))
	}
	return strings.Join(append(out, "Lockstep"), " · ")
}
