package demo

import (
	"cmp"
	"context"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
	"lockstep/internal/web"
	"lockstep/internal/words"
)

//go:embed page
var pageFiles embed.FS

// ServePage serves the page with the three panes until ctx ends.
func (n *Network) ServePage(ctx context.Context) error {
	listener, err := net.Listen("tcp", n.listen(portPage))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: n.page(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	if err := server.Serve(listener); ctx.Err() == nil {
		return err
	}
	return nil
}

// page is what ServePage serves.
func (n *Network) page() http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil {
		panic(err) // the name is a constant of ours
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "index.html") })
	mux.Handle("GET /page/", http.StripPrefix("/page/", web.Files(words.Page(files, "demo"))))
	mux.Handle("GET /assets/", web.AssetsHandler())
	mux.HandleFunc("GET /places", n.servePlaces)
	mux.HandleFunc("POST /announce", n.serveAnnounce)
	mux.HandleFunc("GET /parcel/{barcode}", n.serveParcel)
	mux.HandleFunc("GET /label/{barcode}", n.serveLabel)
	return n.framing(http.NewCrossOriginProtection().Handler(mux))
}

// framing lets the page hold the panes of the network's other origins, and nothing else.
func (n *Network) framing(next http.Handler) http.Handler {
	panes := ""
	for _, port := range []int{portHub, portInbox, portKiosk, portCabinet, portCodes} {
		panes += " " + n.url(port)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
			"img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; frame-src"+panes)
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (n *Network) servePlaces(w http.ResponseWriter, _ *http.Request) {
	web.JSON(w, map[string]string{"front": n.Cabinet, "kiosk": n.Kiosk + "/", "courier": n.Enrol, "console": n.Console, "shop": n.Shop, "inbox": n.Inbox + "/", "reference": n.Hub + "/docs"})
}

// serveAnnounce announces a parcel as the demo's merchant would, and lays it into the hands of whoever plays at the cabinet.
func (n *Network) serveAnnounce(w http.ResponseWriter, r *http.Request) {
	var ask struct{ Phone, Size, Language string }
	if err := web.ReadJSON(w, r, 4096, &ask); err != nil {
		web.Problem(w, err)
		return
	}
	p, err := n.Announce(r.Context(), Announcement{Phone: ask.Phone, Size: ask.Size, Language: ask.Language, DwellHours: 72})
	if err != nil {
		web.Problem(w, plainly(err))
		return
	}
	if err := n.pickUp(r.Context(), p.Barcode); err != nil {
		web.Problem(w, err)
		return
	}
	web.JSON(w, map[string]string{"barcode": p.Barcode, "tracking": p.Tracking, "label": "/label/" + p.Barcode})
}

// plainly is what of an error is for whoever plays: the hub's stable word for it, or that it is away.
func plainly(err error) error {
	if r, ok := errors.AsType[*refused](err); ok {
		return fault.New(fault.Invalid, r.code(), "the hub refuses it")
	}
	return fault.New(fault.Unavailable, "away", "the hub does not answer")
}

// serveParcel tells the state of a parcel as the merchant may ask for it.
func (n *Network) serveParcel(w http.ResponseWriter, r *http.Request) {
	var p Announced
	if err := n.api(r.Context(), http.MethodGet, "/v1/parcels/"+url.PathEscape(r.PathValue("barcode")), nil, &p); err != nil {
		http.Error(w, "the hub does not tell", http.StatusBadGateway)
		return
	}
	web.JSON(w, map[string]string{"barcode": p.Barcode, "state": p.State})
}

// serveLabel fetches a parcel's label with the merchant's key, which the page does not have.
func (n *Network) serveLabel(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, n.Hub+"/v1/parcels/"+url.PathEscape(r.PathValue("barcode"))+"/label.pdf", nil)
	if err != nil {
		web.Problem(w, err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+n.APIKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		web.Problem(w, err)
		return
	}
	defer response.Body.Close()
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

// pickUp lays a parcel into the hands of whoever plays at the cabinet's page.
func (n *Network) pickUp(ctx context.Context, barcode string) error {
	u, err := url.Parse(n.Cabinet)
	if err != nil {
		return err
	}
	u.Path = "/do"
	return call(ctx, http.MethodPost, u.String(), nil, map[string]string{"verb": "pick up", "barcode": barcode}, nil)
}

// Announcement is what a merchant says about one parcel.
type Announcement struct {
	Phone, Email, Name, Size string
	Language                 string // the recipient's, "ru" or "en"; "en" where nobody says
	DwellHours               int
	Locker                   string // the demo's own where nobody says
	Kopecks                  int64  // to be paid before it is handed out
}

// Announced is one parcel as the hub's API shows it.
type Announced struct {
	Barcode  string `json:"barcode"`
	State    string `json:"state"`
	Size     string `json:"size"`
	Tracking string `json:"tracking"`
	Shipment string `json:"shipment"`
}

// Announce creates a shipment of one parcel by the merchant's API.
func (n *Network) Announce(ctx context.Context, a Announcement) (Announced, error) {
	parcels, err := n.AnnounceSeveral(ctx, a, 1)
	if err != nil {
		return Announced{}, err
	}
	return parcels[0], nil
}

// AnnounceSeveral creates a shipment of so many parcels, all alike.
func (n *Network) AnnounceSeveral(ctx context.Context, a Announcement, count int) ([]Announced, error) {
	recipient := map[string]string{"language": cmp.Or(a.Language, "en")}
	for name, value := range map[string]string{"phone": a.Phone, "email": a.Email, "name": a.Name} {
		if value != "" {
			recipient[name] = value
		}
	}
	body := map[string]any{"locker": cmp.Or(a.Locker, n.Locker), "dwell_hours": a.DwellHours, "recipient": recipient, "parcels": slices.Repeat([]map[string]string{{"size": a.Size}}, count)}
	if a.Kopecks > 0 {
		body["cash_on_delivery"] = map[string]any{"amount": a.Kopecks, "currency": "RUB"}
	}
	var shipment struct{ Parcels []Announced }
	if err := n.api(ctx, http.MethodPost, "/v1/shipments", body, &shipment); err != nil {
		return nil, err
	}
	if len(shipment.Parcels) != count {
		return nil, fmt.Errorf("the hub announced %d parcels", len(shipment.Parcels))
	}
	return shipment.Parcels, nil
}

// api calls the hub with the merchant's key.
func (n *Network) api(ctx context.Context, method, path string, body, into any) error {
	header := map[string]string{"Authorization": "Bearer " + n.APIKey}
	if method == http.MethodPost {
		header["Idempotency-Key"] = hex.EncodeToString(statement.NewSeed())
	}
	return call(ctx, method, n.Hub+path, header, body, into)
}
