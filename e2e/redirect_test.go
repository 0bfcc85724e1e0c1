//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"lockstep/demo"
)

// TestNoRoomForAParcel: a courier says on the phone that a locker has no room, the hub names the next by the merchant's rule, and that
// one's guard takes the manifest.
func TestNoRoomForAParcel(t *testing.T) {
	ctx, n := startWith(t, demo.Options{Second: true})
	stage, err := n.Open(ctx)
	must(t, err)
	r := &recipient{T: t, Stage: stage, phone: "+79167770004"}
	p := r.announced(ctx, 1)[0]
	if to, err := r.NoRoom(ctx, p.Barcode); err == nil || !strings.Contains(err.Error(), "not_allowed") {
		t.Errorf("without a rule: %q, %v", to, err)
	}
	var merchants []struct{ ID string }
	must(t, n.HubCommand(&merchants, "merchant", "list"))
	must(t, n.HubCommand(nil, "merchant", "redirect", merchants[0].ID, "5"))
	if to, err := r.NoRoom(ctx, p.Barcode); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("the other locker is in another city: %q, %v", to, err)
	}
	other, _, _ := strings.Cut(n.SecondLocker(), " ")
	must(t, n.HubCommand(nil, "locker", "add", other, "--name", "Another", "--address", "Kamergersky pereulok 3, Moskva", "--zone", "Europe/Moscow", "--latitude", "55.7601", "--longitude", "37.6130"))
	for range 2 {
		if to, err := r.NoRoom(ctx, p.Barcode); err != nil || to != other {
			t.Fatalf("to %q, %v", to, err)
		}
	}
	must(t, n.Until(ctx, p.Barcode, "dispatched"))
	var shown struct {
		Locker string
		Events []struct{ What, Actor, Reason string }
	}
	must(t, n.HubCommand(&shown, "parcel", "show", p.Barcode))
	said := ""
	for _, e := range shown.Events {
		said += e.What + " " + e.Reason + "; "
	}
	if shown.Locker != other || said != "announced ; dispatched ; redirected no room; dispatched ; " {
		t.Errorf("at %s: %s", shown.Locker, said)
	}
	must(t, n.HubCommand(nil, "check"))
}
