package carrier

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"lockstep/internal/courier"
	"lockstep/internal/fault"
	"lockstep/internal/peer"
	"lockstep/internal/secret"
)

// hub is this carrier's side of the hub's door for carriers.
type hub struct{ *peer.Client }

const (
	patience  = 10 * time.Second // a courier waits for the answer
	maxAnswer = 8 << 20
)

// newHub makes it; transport may be nil.
func newHub(base, token string, private bool, transport http.RoundTripper) (*hub, error) {
	client, err := peer.New(peer.Config{URL: base, Path: "/carrier/v1/", Token: secret.Known(token), PrivateNetwork: private, Patience: patience, MaxAnswer: maxAnswer, Transport: transport})
	if err != nil {
		return nil, fmt.Errorf("carrier: the hub, whose operator makes a token with lockstep hub carrier add: %w", err)
	}
	return &hub{client}, nil
}

// round asks what there is to do at lockers; "*" is everywhere. Unavailable when the hub does not answer.
func (h *hub) round(ctx context.Context, lockers []string) ([]courier.Stop, error) {
	query := url.Values{}
	for _, locker := range lockers {
		if locker != "*" {
			query.Add("locker", locker)
		}
	}
	var answer struct {
		Lockers []courier.Stop `json:"lockers"`
	}
	if err := h.Get(ctx, "round?"+query.Encode(), &answer); err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "hub_silent", "the network's hub does not answer; the list is not fresh")
	}
	return answer.Lockers, nil
}

// revoke tells the hub that a device is no courier's any more.
func (h *hub) revoke(ctx context.Context, r courier.Revocation) error {
	if err := h.Post(ctx, "revocations", map[string]string{"key": r.Key.String()}, nil); err != nil {
		return fmt.Errorf("carrier: the hub: %w", err)
	}
	return nil
}

// noRoom tells the hub that a courier found no room for a parcel, and gives where to take it. What the hub refuses is said in its word;
// Unavailable when it does not answer.
func (h *hub) noRoom(ctx context.Context, by courier.Courier, locker, barcode string) (stop courier.Stop, err error) {
	err = h.Post(ctx, "no-room", map[string]any{"courier": by.ID, "lockers": by.Lockers, "locker": locker, "barcode": barcode}, &stop)
	refused, said := errors.AsType[*peer.Refused](err)
	switch {
	case said && refused.Status == http.StatusConflict:
		return stop, fault.Wrap(err, fault.Conflict, refused.Code, "the network's hub names no other locker for this parcel")
	case said && refused.Status == http.StatusNotFound:
		return stop, fault.Wrap(err, fault.NotFound, refused.Code, "there is no such parcel")
	case err != nil:
		return stop, fault.Wrap(err, fault.Unavailable, "hub_silent", "the network's hub does not answer; try again where there is a signal")
	}
	return stop, nil
}
