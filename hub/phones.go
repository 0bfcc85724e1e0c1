package hub

import (
	"context"

	"lockstep/hub/internal/custody"
	"lockstep/hub/internal/handover"
	"lockstep/internal/courier"
)

// phones is what house carriers' couriers ask, asked of the rooms. Other carriers' own services ask the same over /carrier/v1/.
type phones struct {
	custody   *custody.Custody
	handovers *handover.Handovers
}

func (p phones) Round(ctx context.Context, by courier.Courier) ([]courier.Stop, error) {
	return p.custody.Round(ctx, by.Carrier, by.Lockers)
}

func (p phones) NoRoom(ctx context.Context, by courier.Courier, locker, barcode string) (courier.Stop, error) {
	return p.custody.NoRoom(ctx, by, locker, barcode)
}

func (p phones) Acts(ctx context.Context, by courier.Courier) ([]courier.Act, error) {
	return p.handovers.Open(ctx, by.Carrier)
}

func (p phones) Act(ctx context.Context, by courier.Courier, code string) (courier.Act, error) {
	return p.handovers.Scanned(ctx, by.Carrier, code)
}

func (p phones) Accept(ctx context.Context, by courier.Courier, w courier.Word) (courier.Act, error) {
	return p.handovers.AcceptScanned(ctx, by, w)
}

func (p phones) Down(ctx context.Context, by courier.Courier, locker string) (courier.Cargo, error) {
	return p.custody.Down(ctx, by, locker)
}

func (p phones) Up(ctx context.Context, _ courier.Courier, locker string, h courier.Haul) error {
	return p.custody.Up(ctx, locker, h)
}
