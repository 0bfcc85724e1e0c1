package carrier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"lockstep/internal/courier"
	"lockstep/internal/fault"
	"lockstep/internal/peer"
	"lockstep/internal/secret"
)

// hub is this carrier's side of the hub's door for carriers.
type hub struct {
	*peer.Client
	log *slog.Logger
}

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
	return &hub{client, slog.New(slog.DiscardHandler)}, nil
}

// Round asks what there is to do at a courier's lockers; "*" is everywhere. Unavailable when the hub does not answer.
func (h *hub) Round(ctx context.Context, by courier.Courier) ([]courier.Stop, error) {
	query := url.Values{}
	for _, locker := range by.Lockers {
		if locker != "*" {
			query.Add("locker", locker)
		}
	}
	var answer struct {
		Lockers []courier.Stop `json:"lockers"`
	}
	if err := h.Get(ctx, "round?"+query.Encode(), &answer); err != nil {
		h.log.Warn("no round from the hub", "error", err)
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

// NoRoom tells the hub that a courier found no room for a parcel, and gives where to take it.
func (h *hub) NoRoom(ctx context.Context, by courier.Courier, locker, barcode string) (stop courier.Stop, err error) {
	err = h.Post(ctx, "no-room", map[string]any{"courier": by.ID, "lockers": by.Lockers, "locker": locker, "barcode": barcode}, &stop)
	return stop, said(err, "the network's hub names no other locker for this parcel", "there is no such parcel")
}

// Acts asks what merchants have ready.
func (h *hub) Acts(ctx context.Context, _ courier.Courier) ([]courier.Act, error) {
	var answer struct {
		Acts []courier.Act `json:"acts"`
	}
	err := h.Get(ctx, "acts", &answer)
	return answer.Acts, said(err, "", "there is no such act")
}

// Act asks for one by its number or a barcode in it.
func (h *hub) Act(ctx context.Context, _ courier.Courier, code string) (act courier.Act, err error) {
	err = h.Get(ctx, "acts/"+url.PathEscape(code), &act)
	return act, said(err, "", "there is no such act")
}

// Accept hands on a courier's signed word about one.
func (h *hub) Accept(ctx context.Context, by courier.Courier, w courier.Word) (act courier.Act, err error) {
	err = h.Post(ctx, "acts", map[string]any{"courier": by.ID, "word": w}, &act)
	return act, said(err, "the act was accepted before, or nothing on it is complete", "there is no such act")
}

// Down asks what waits for a locker that is cut off.
func (h *hub) Down(ctx context.Context, by courier.Courier, locker string) (cargo courier.Cargo, err error) {
	if !by.Covers(locker) {
		return cargo, fault.New(fault.NotFound, "not_sent_here", "this courier is not sent to this locker")
	}
	err = h.Get(ctx, "lockers/"+url.PathEscape(locker)+"/down", &cargo)
	return cargo, said(err, "", "there is nothing to do at this locker")
}

// Up hands on what was brought from it.
func (h *hub) Up(ctx context.Context, _ courier.Courier, locker string, haul courier.Haul) error {
	err := h.Post(ctx, "lockers/"+url.PathEscape(locker)+"/up", haul, nil)
	return said(err, "records before these have not come yet", "there is no such locker")
}

// said is an error of the hub's door as the courier hears it: a refusal in the hub's word and these texts, anything else as its silence.
func said(err error, conflict, unknown string) error {
	refused, is := errors.AsType[*peer.Refused](err)
	switch {
	case is && refused.Status == http.StatusConflict:
		return fault.Wrap(err, fault.Conflict, refused.Code, "%s", conflict)
	case is && refused.Status == http.StatusNotFound:
		return fault.Wrap(err, fault.NotFound, refused.Code, "%s", unknown)
	case is && refused.Status == http.StatusUnprocessableEntity:
		return fault.Wrap(err, fault.Invalid, refused.Code, "the network's hub does not take this")
	case is && refused.Code == "bad_proof":
		return fault.Wrap(err, fault.Denied, refused.Code, "the network's hub does not believe this")
	case err != nil:
		return fault.Wrap(err, fault.Unavailable, "hub_silent", "the network's hub does not answer; try again where there is a signal")
	}
	return nil
}
