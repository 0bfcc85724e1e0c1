package console_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"lockstep/hub/internal/account"
)

const (
	manyLockers = 8000
	perLocker   = 25 // parcels, of 48 compartments
)

// grow fills the tables with a network of 8,000 lockers and 200,000 parcels that wait in them, as the records of that many would have.
func (o *office) grow() {
	o.Helper()
	err := o.db.Tx(o.Context(), func(tx *sql.Tx) error {
		run := func(query string, args ...any) error {
			_, err := tx.ExecContext(o.Context(), query, args...)
			return err
		}
		now := o.now.UnixMicro()
		for i := range manyLockers {
			id := fmt.Sprintf("net-%04d", i)
			// spread over a country, in clumps as cities are
			latitude, longitude := 47+float64(i%37)*0.4+float64(i%11)*0.01, 31+float64(i/37%83)*1.1+float64(i%13)*0.015
			heard := now - int64(i%60)*1e6
			if i%50 == 0 {
				heard = now - 3600e6 // some are silent
			}
			if err := run(`INSERT INTO locker (id, name, address, zone, latitude, longitude, state, code_digest, code_until, fingerprint, guard_key, certificate, created, epoch)
				VALUES ($1, $2, $3, 'Europe/Moscow', $4, $5, 'provisioned', x'', 0, '', x'', x'', $6, 1)`, id, "Постамат "+id, fmt.Sprintf("Город %d, улица %d", i%83, i%37), latitude, longitude, now); err != nil {
				return err
			}
			if err := run(`INSERT INTO locker_line (locker, position, position_hash, heard, since, behind_since, kept, boot, head, powered, low, down, moved)
				VALUES ($1, 100, zeroblob(32), $2, $2, 0, 0, 1, 100, 1, $2, 10, $2)`, id, heard); err != nil {
				return err
			}
			for n := range 48 {
				barcode, state := "", "EMPTY"
				if n < perLocker {
					barcode, state = fmt.Sprintf("9%04d%06d0", n, i), "OCCUPIED"
				}
				if err := run(`INSERT INTO compartment (locker, number, size, low, board, state, faulted, parcel, record) VALUES ($1, $2, $3, FALSE, 0, $4, $5, $6, 1)`,
					id, n+1, 1+n%3, state, i%97 == 0 && n == 47, barcode); err != nil {
					return err
				}
				if barcode == "" {
					continue
				}
				if err := run(`INSERT INTO parcel (barcode, shipment, merchant, locker, carrier, place, size, low, weight_g, reference, token, state, hold, compartment, stored, due, events, created, changed, live)
					VALUES ($1, (SELECT id FROM shipment LIMIT 1), 'm1', $2, 'house', 1, $3, FALSE, 0, '', $1, 'stored', '', $4, $5, $6, 1, $5, $5, TRUE)`, barcode, id, 1+n%3, n+1, now, now+48*3600e6); err != nil {
					return err
				}
			}
			for size := range 3 {
				if err := run(`INSERT INTO room (locker, size, total, empty, reserved) VALUES ($1, $2, 16, $3, $4)`, id, size+1, 7, i%3); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		o.Fatal(err)
	}
}

// TestEightThousandLockers measures the console over a large network, in a browser, and prints what it saw: LOCKSTEP_LARGE=1. The goals
// are a first contentful paint of the map's page within a second and of a locker's within 300 ms.
func TestEightThousandLockers(t *testing.T) {
	if os.Getenv("LOCKSTEP_LARGE") == "" {
		t.Skip("set LOCKSTEP_LARGE=1: it takes minutes")
	}
	o := newOffice(t)
	o.grow()
	b := newBrowser(t)
	_, token, err := o.accounts.AddUser(t.Context(), "Anna", account.Admin, "")
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(o.server.URL+"/console/enrol#"+token.Reveal()), chromedp.WaitVisible("#enrol"), chromedp.Click("#enrol button"))
	b.until(`document.querySelector("#lockers a")`)
	b.until(`document.getElementById("map").dataset.idle`)
	t.Logf("%-34s %9s %9s %9s %9s %9s", "page, three times", "first", "paint", "loaded", "idle", "kB sent")
	for path, goal := range map[string]float64{"/console/": 1000, "/console/lockers/net-4242": 300, "/console/?q=net-42": 1000, "/console/alarms": 0} {
		for range 3 {
			b.do(chromedp.Navigate(o.server.URL + path))
			b.until(`performance.getEntriesByName("first-contentful-paint").length`)
			idle := 0.0
			if path == "/console/" {
				b.until(`document.getElementById("map").dataset.idle`)
			}
			var seen struct{ First, Paint, Loaded, Idle, Sent float64 }
			said := b.text(`JSON.stringify((([n]) => ({ first: n.responseStart, loaded: n.domContentLoadedEventEnd, paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
				idle: Number(document.getElementById("map")?.dataset.idle ?? 0), sent: [n, ...performance.getEntriesByType("resource")].reduce((sum, r) => sum + r.encodedBodySize, 0) / 1024 }))(performance.getEntriesByType("navigation")))`)
			if err := json.Unmarshal([]byte(said), &seen); err != nil {
				t.Fatal(err)
			}
			idle = seen.Idle
			t.Logf("%-34s %6.0f ms %6.0f ms %6.0f ms %6.0f ms %9.0f", path, seen.First, seen.Paint, seen.Loaded, idle, seen.Sent)
			if goal > 0 && seen.Paint > goal {
				t.Errorf("%s is painted first after %.0f ms, the goal is %.0f ms", path, seen.Paint, goal)
			}
		}
	}
}
