package custody

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"lockstep/guard/statement"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// Round lists what a carrier's couriers have to do at lockers, by locker and barcode; "*" is the whole network. Each locker is
// asked for by itself, because one answer of Live is bounded.
func (c *Custody) Round(ctx context.Context, carrier string, lockers []string) ([]courier.Stop, error) {
	of := map[string][]courier.Task{}
	for _, locker := range slices.Compact(slices.Sorted(slices.Values(lockers))) {
		if locker == "*" {
			locker = ""
		}
		live, err := c.Live(ctx, carrier, locker)
		if err != nil {
			return nil, err
		}
		for _, p := range live {
			if task := p.Task(); task != "" && (p.Hold == "" || task != "deposit") {
				of[p.Locker] = append(of[p.Locker], courier.Task{Barcode: p.Barcode, Size: p.Size.String(), Rank: uint8(p.Size), Low: p.Low, Task: task})
			}
		}
	}
	return c.stops(ctx, of)
}

func (c *Custody) stops(ctx context.Context, of map[string][]courier.Task) ([]courier.Stop, error) {
	list := make([]courier.Stop, 0, len(of))
	for id, parcels := range of {
		l, err := c.Fleet.Locker(ctx, id)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, fmt.Errorf("custody: round: %w", err)
		}
		guard, err1 := guardOf(l)
		sites, err2 := c.Fleet.Sites(ctx, id)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("custody: round: %w", err)
		}
		stop := courier.Stop{ID: id, Name: l.Name, Address: l.Address, Latitude: l.Latitude, Longitude: l.Longitude, Line: string(l.Line), Heard: l.Heard, Guard: guard, Parcels: parcels}
		for _, site := range sites {
			stop.Way, stop.Hours = site.Way, site.Hours
		}
		list = append(list, stop)
	}
	slices.SortFunc(list, func(a, b courier.Stop) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// guardOf is the encoded key of a locker's guard, nil before its provisioning.
func guardOf(l fleet.Locker) ([]byte, error) {
	if len(l.Certificate) == 0 {
		return nil, nil
	}
	certificate, err := statement.ReadUnverified[statement.Locker](l.Certificate[0]) // verified when it was taken
	return statement.Encode(certificate.Guard), err
}
