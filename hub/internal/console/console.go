// Package console is the hub's door for people: the courier's phone page with the few things it asks, and the public tracking
// page of a parcel.
package console

import (
	"context"
	"embed"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"lockstep/guard/statement"
	"lockstep/hub/internal/account"
	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/web"
)

// Accounts is what the console needs of account.Accounts.
type Accounts interface {
	Courier(ctx context.Context, id string) (account.Courier, error)
	EnrolCourier(ctx context.Context, token string, key statement.Key, proof []byte) (account.Courier, error)
	RenewCourier(ctx context.Context, id string, at int64, proof []byte) (account.Courier, error)
}

// Custody is what the console needs of custody.Custody.
type Custody interface {
	Live(ctx context.Context, carrier, locker string) ([]custody.Parcel, error)
	Track(ctx context.Context, token string) (custody.Tracking, error)
}

// Fleet is what the console needs of fleet.Fleet.
type Fleet interface {
	Locker(ctx context.Context, id string) (fleet.Locker, error)
}

// Config is what a console stands on.
type Config struct {
	Accounts      Accounts
	Custody       Custody
	Fleet         Fleet
	Now           func() time.Time
	Log           *slog.Logger
	FrameAncestor string // an origin that may hold the courier's page in a frame (the demo); empty for none
}

//go:embed courier
var courierFiles embed.FS

// New is the handler of /courier/, /t/ and /assets/.
func New(c Config) http.Handler {
	files, err := fs.Sub(courierFiles, "courier")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	console := &console{c}
	mux := http.NewServeMux()
	mux.Handle("GET /courier", http.RedirectHandler("/courier/", http.StatusMovedPermanently))
	mux.Handle("/courier/", courierPages(files))
	mux.HandleFunc("POST /courier/v1/enrol", console.enrol)
	mux.HandleFunc("POST /courier/v1/renew", console.renew)
	mux.HandleFunc("GET /courier/v1/today", console.today)
	mux.HandleFunc("/courier/v1/", func(w http.ResponseWriter, _ *http.Request) {
		web.Problem(w, fault.New(fault.NotFound, "no_such_thing", "nothing is served here"))
	})
	mux.Handle("GET /assets/", web.AssetsHandler())
	phone := web.Policy{Camera: true}
	if c.FrameAncestor != "" {
		phone.FrameAncestors = []string{c.FrameAncestor}
	}
	mux.Handle("GET /t/", web.Secure(web.Policy{}, http.HandlerFunc(console.track)))
	return web.Secure(phone, http.NewCrossOriginProtection().Handler(mux))
}

type console struct{ Config }

func courierPages(files fs.FS) http.Handler {
	return http.StripPrefix("/courier/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "" {
			r.URL.Path = "index.html"
		}
		web.Files(files).ServeHTTP(w, r)
	}))
}

// fail answers with a problem; what strangers do not see of it goes to the log.
func (c *console) fail(w http.ResponseWriter, r *http.Request, err error) {
	if fault.KindOf(err) == fault.Internal {
		c.Log.Error("console", "path", r.Pattern, "error", err)
	}
	web.Problem(w, err)
}
