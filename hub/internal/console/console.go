// Package console is the hub's door for people: the phone page of house carriers' couriers, and the public tracking page of a
// parcel.
package console

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"time"

	"lockstep/hub/internal/custody"
	"lockstep/internal/courier"
	"lockstep/internal/web"
)

// Custody is what the console needs of custody.Custody.
type Custody interface {
	Round(ctx context.Context, carrier string, lockers []string) ([]courier.Stop, error)
	NoRoom(ctx context.Context, by courier.Courier, locker, barcode string) (courier.Stop, error)
	Track(ctx context.Context, token string) (custody.Tracking, error)
}

// Config is what a console stands on.
type Config struct {
	Couriers      *courier.Couriers
	Custody       Custody
	Now           func() time.Time
	Log           *slog.Logger
	FrameAncestor string // an origin that may hold the courier's page in a frame (the demo); empty for none
}

//go:embed track.css
var style embed.FS

// New is the handler of /courier/, /t/ and /assets/.
func New(c Config) http.Handler {
	console := &console{c}
	mux := http.NewServeMux()
	mux.Handle("/", courier.NewPage(courier.Page{Couriers: c.Couriers, Round: console.round, NoRoom: c.Custody.NoRoom, Log: c.Log, FrameAncestor: c.FrameAncestor}))
	mux.Handle("GET /t/", web.Secure(web.Policy{}, http.HandlerFunc(console.track)))
	mux.Handle("GET /t/track.css", web.Secure(web.Policy{}, http.StripPrefix("/t/", web.Files(style))))
	return mux
}

type console struct{ Config }

func (c *console) round(ctx context.Context, of courier.Courier) ([]courier.Stop, error) {
	return c.Custody.Round(ctx, of.Carrier, of.Lockers)
}
