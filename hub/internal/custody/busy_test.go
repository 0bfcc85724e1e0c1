package custody_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// visits writes so many events at an hour of each day from one to another.
func (h *hub) visits(barcode, what string, zone *time.Location, from, to time.Time, hour, count int) {
	h.t.Helper()
	for day := from; day.Before(to); day = day.AddDate(0, 0, 1) {
		for i := range count {
			at := time.Date(day.Year(), day.Month(), day.Day(), hour, 2*i, 0, 0, zone).UnixMicro()
			h.number++
			h.exec(`INSERT INTO custody_event (barcode, number, id, what, actor, reason, before, after, happened, received, proof, locker, record, due, compartment, guard)
				VALUES ($1, $2, $3, $4, '', '', '', '', $5, $5, 'record', 'l1', $2, 0, 1, 1)`, barcode, h.number, uuid.Must(uuid.NewV7()).String(), what, at)
		}
	}
}

// How busy hours are is told in three classes, by the locker's own clock, once there is enough, and of no hour in which hardly anybody came.
func TestBusy(t *testing.T) {
	eachUnchecked(t, func(t *testing.T, h *hub) {
		zone, err := time.LoadLocation("Asia/Yekaterinburg")
		if err != nil {
			t.Fatal(err)
		}
		barcode := h.create(shipment("k1", 1)).Parcels[0].Barcode
		h.number = 1000
		today := h.now.In(zone)
		from := today.AddDate(0, 0, -28)
		h.visits(barcode, "collected", zone, from, from.AddDate(0, 0, 10), 18, 12)
		h.visits(barcode, "overdue", zone, from, today, 4, 20) // nobody comes for that
		if busy, err := h.custody.Busy(t.Context(), "l1", zone); err != nil || busy != nil {
			t.Errorf("of too few: %v, %v", busy, err)
		}
		h.visits(barcode, "collected", zone, from.AddDate(0, 0, 10), today, 18, 12)
		h.visits(barcode, "stored", zone, from, today, 10, 6)
		h.visits(barcode, "collected", zone, from, from.AddDate(0, 0, 7), 3, 1) // somebody's way home
		h.visits(barcode, "collected", zone, today.AddDate(0, 0, -70), today.AddDate(0, 0, -60), 5, 25)
		busy, err := h.custody.Busy(t.Context(), "l1", zone)
		if err != nil || busy == nil {
			t.Fatal(busy, err)
		}
		for kind := range busy {
			for hour, level := range busy[kind] {
				if want := map[int]int{18: 2, 10: 1}[hour]; level != want {
					t.Errorf("kind %d, %d:00: %d, want %d", kind, hour, level, want)
				}
			}
		}
		if busy, err := h.custody.Busy(t.Context(), "l2", zone); err != nil || busy != nil {
			t.Errorf("of a locker without visits: %v, %v", busy, err)
		}
	})
}
