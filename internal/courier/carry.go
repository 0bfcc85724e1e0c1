package courier

import (
	"context"
	"net/http"

	"lockstep/guard/door"
	"lockstep/internal/web"
)

// Cargo is what a phone takes to a locker that is cut off. To the phone it is bytes.
type Cargo struct {
	After uint64 `json:"after"` // the last record of the locker that the hub has
	Load  []byte `json:"load"`  // a line.Load
}

// Haul is what a phone brings from such a locker: a stretch of its journal (journal.Stretch), as the guard signed it.
type Haul struct {
	Stretch []byte `json:"stretch"`
}

// MaxHaul bounds what carries a stretch, in bytes.
const MaxHaul = door.MaxJournalFrame*4/3 + 1<<10

// Streams is how couriers carry both streams of a locker that is cut off. NotFound "not_sent_here" where a courier has nothing to do.
type Streams interface {
	// Down is what waits for a locker.
	Down(ctx context.Context, by Courier, locker string) (Cargo, error)
	// Up takes a stretch, as if it had come by the line. Conflict "not_yet" where one before it has not come; Invalid "not_the_lockers"
	// where its guard has not signed it.
	Up(ctx context.Context, by Courier, locker string, h Haul) error
}

// down gives what waits for the locker in the path.
func (p *page) down(r *http.Request, c Courier) (any, error) {
	return p.Network.Down(r.Context(), c, r.PathValue("locker"))
}

// up takes a stretch of the journal of the locker in the path.
func (p *page) up(r *http.Request, c Courier) (any, error) {
	var haul Haul
	if err := web.ReadJSON(nil, r, MaxHaul, &haul); err != nil {
		return nil, err
	}
	locker := r.PathValue("locker")
	err := p.Network.Up(r.Context(), c, locker, haul)
	p.Log.Info("a stretch was carried", "courier", c.ID, "carrier", c.Carrier, "locker", locker, "bytes", len(haul.Stretch), "error", err)
	return map[string]any{}, err
}
