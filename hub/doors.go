package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"lockstep/guard/statement"
	"lockstep/hub/internal/dispatch"
	"lockstep/hub/internal/fleet"
	"lockstep/internal/fault"
	"lockstep/internal/line"
	"lockstep/parcel"
)

// What operators ask of lockers. Nothing here opens a door: a restriction takes something away, a bundle carries what other
// persons have signed, and the guard judges both.

// Pause asks a locker to open nothing for so many minutes, at most four hours; 0 ends a pause.
func (h *Hub) Pause(ctx context.Context, locker string, minutes uint16) (RequestView, error) {
	return h.restrict(ctx, statement.Restriction{Locker: locker, Kind: statement.Pause, Minutes: minutes})
}

// Block asks a locker to take no deposits into compartments. Collections go on.
func (h *Hub) Block(ctx context.Context, locker string, compartments []uint16) (RequestView, error) {
	return h.restrict(ctx, statement.Restriction{Locker: locker, Kind: statement.Block, Compartments: compartments})
}

// Unblock ends that.
func (h *Hub) Unblock(ctx context.Context, locker string, compartments []uint16) (RequestView, error) {
	return h.restrict(ctx, statement.Restriction{Locker: locker, Kind: statement.Unblock, Compartments: compartments})
}

func (h *Hub) restrict(ctx context.Context, r statement.Restriction) (RequestView, error) {
	asked, err := h.custody.Restrict(ctx, r, operator())
	if err != nil {
		return RequestView{}, err
	}
	return h.asked(ctx, asked, r.Locker)
}

// asked shows a request, once the audit log has it.
func (h *Hub) asked(ctx context.Context, r dispatch.Request, subject string) (RequestView, error) {
	return requestView(r), h.accounts.Audit(ctx, operator(), "asked: "+r.Kind+" "+r.Subject, subject)
}

// Extend asks a parcel's locker to let it wait for so many hours from its deposit on.
func (h *Hub) Extend(ctx context.Context, barcode string, hours uint16) (RequestView, error) {
	r, err := h.custody.Extend(ctx, "", barcode, parcel.DwellTime(hours), operator())
	if err != nil {
		return RequestView{}, err
	}
	return h.asked(ctx, r, barcode)
}

// Reissue asks a parcel's locker for a new code, which goes to its recipient and kills the old one.
func (h *Hub) Reissue(ctx context.Context, barcode string) (RequestView, error) {
	r, err := h.custody.Reissue(ctx, "", barcode, operator())
	if err != nil {
		return RequestView{}, err
	}
	return h.asked(ctx, r, barcode)
}

// Lift sends a locker two operators' signed word that its lockdown is over. It has to name the lockdown that stands.
func (h *Hub) Lift(ctx context.Context, file []byte) (RequestView, error) {
	bundle, err := statement.DecodeBundle(file)
	if err != nil {
		return RequestView{}, unreadable(err)
	}
	said, err := statement.ReadUnverified[statement.Lift](bundle.Envelopes[0])
	if err != nil {
		return RequestView{}, unreadable(err)
	}
	l, err := h.fleet.Locker(ctx, said.Locker)
	if err != nil {
		return RequestView{}, err
	}
	if _, _, err := statement.VerifyLift(bundle.Envelopes, h.charterOf(l)); err != nil {
		return RequestView{}, fault.Wrap(err, fault.Invalid, "bad_lift", "two operators of the charter that this locker goes by have to sign a lift")
	}
	if d := l.Standing.Lockdown; d.Record != said.Record || d.Hash != said.Hash {
		return RequestView{}, fault.New(fault.Conflict, "other_lockdown", "the lift names record %d; the lockdown that stands began with record %d (0: none stands)", said.Record, d.Record)
	}
	return h.queue(ctx, dispatch.Cosigned{Locker: l.ID, Kind: dispatch.Lift, Mark: said.Record, Bundle: file, Actor: operator()})
}

func unreadable(err error) error {
	return fault.Wrap(err, fault.Invalid, "unreadable", "the file does not hold what several persons have signed")
}

// charterOf is the charter that a locker's guard goes by; the newest where the records have not said yet.
func (h *Hub) charterOf(l fleet.Locker) statement.Charter {
	i := slices.IndexFunc(h.keys.charters, func(c statement.Charter) bool { return c.Epoch == l.Standing.Epoch })
	if i < 0 {
		return h.keys.charter
	}
	return h.keys.charters[i]
}

// Charter sends lockers the charters of the key folder that they do not go by yet, in their order; all lockers where none is named.
func (h *Hub) Charter(ctx context.Context, lockers []string) ([]RequestView, error) {
	if len(lockers) == 0 {
		var err error
		if lockers, err = h.lockerIDs(ctx); err != nil {
			return nil, err
		}
	}
	var sent []RequestView
	for _, id := range lockers {
		l, err := h.fleet.Locker(ctx, id)
		if err != nil {
			return sent, err
		}
		for i, charter := range h.keys.charters {
			if l.State != fleet.Provisioned || charter.Epoch <= l.Standing.Epoch {
				continue
			}
			v, err := h.queue(ctx, dispatch.Cosigned{Locker: id, Kind: dispatch.Charter, Mark: charter.Epoch, Bundle: h.keys.bundles[i], Actor: operator()})
			if err != nil {
				return sent, err
			}
			sent = append(sent, v)
		}
	}
	return sent, nil
}

func (h *Hub) queue(ctx context.Context, c dispatch.Cosigned) (RequestView, error) {
	if len(c.Bundle) > line.MaxStatement {
		return RequestView{}, fault.New(fault.Invalid, "too_large", "%d bytes do not pass through a locker's line, at most %d", len(c.Bundle), line.MaxStatement)
	}
	if err := h.dispatch.Queue(ctx, c); err != nil {
		return RequestView{}, err
	}
	c.Made = h.config.Now().UnixMicro()
	return cosignedView(c), h.accounts.Audit(ctx, operator(), fmt.Sprintf("sent a %s (%d)", c.Kind, c.Mark), c.Locker)
}

// Recovered takes a file of a technician's signed scans (the CBOR of their envelopes) of parcels from a dead locker. Each is taken
// for itself; what fails is told, and the file may be handed in again.
func (h *Hub) Recovered(ctx context.Context, file []byte) (taken []ParcelView, failed error) {
	var envelopes [][]byte
	if err := statement.Decode(file, &envelopes); err != nil || len(envelopes) == 0 {
		return nil, fault.Wrap(err, fault.Invalid, "unreadable", "the file holds no scans")
	}
	for _, envelope := range envelopes {
		p, err := h.custody.Recover(ctx, envelope)
		if err == nil {
			taken = append(taken, h.parcelView(p))
			err = h.accounts.Audit(ctx, operator(), "handed in a technician's scan", p.Barcode)
		} else if scan, unread := statement.ReadUnverified[statement.Recovered](envelope); unread == nil {
			err = fmt.Errorf("%s: %w", scan.Barcode, err)
		}
		failed = errors.Join(failed, err)
	}
	return taken, failed
}

// ReplaceLocker prepares a locker for another guard and makes a new enrolment code. The dead guard's journal stays. With abandon,
// parcels inside that nobody has scanned become uncertain, with an alarm each.
func (h *Hub) ReplaceLocker(ctx context.Context, id string, abandon bool) (LockerView, error) {
	secret, abandoned, err := h.custody.Replace(ctx, id, abandon, operator())
	if err != nil {
		return LockerView{}, err
	}
	l, err := h.fleet.Locker(ctx, id)
	if err != nil {
		return LockerView{}, err
	}
	v := lockerView(l)
	v.Code = h.lockerCode(id, secret)
	return v, h.accounts.Audit(ctx, operator(), fmt.Sprintf("replaced a guard, %d parcels inside", len(abandoned)), id)
}

// Alarms lists the open alarms of a locker, or of all for "", newest first.
func (h *Hub) Alarms(ctx context.Context, locker string) ([]AlarmView, error) {
	list, err := h.fleet.Alarms(ctx, locker, 1000)
	return views(list, alarmView), err
}

// Evidence is what an alarm was raised over, as it came.
func (h *Hub) Evidence(ctx context.Context, alarm string) ([]byte, error) {
	return h.fleet.Evidence(ctx, alarm)
}

// Journal writes what the hub has of a locker's journal, as lockstep audit reads it: the guard's uploads whole, then the time keys'
// last receipts. A locker that has had several guards has a journal of each, numbered from 1; 0 is the one it has now.
func (h *Hub) Journal(ctx context.Context, locker string, guard uint64, to io.Writer) error {
	l, err := h.fleet.Locker(ctx, locker)
	switch {
	case err != nil:
		return err
	case guard > l.Guards:
		return fault.New(fault.NotFound, "unknown_guard", "locker %s has had %d guards", locker, l.Guards)
	case guard > 0 && guard < l.Guards:
		return h.custody.Journal(ctx, locker, guard, to)
	}
	if err := h.custody.Journal(ctx, locker, l.Guards, to); err != nil {
		return err
	}
	receipts, err := h.fleet.Receipts(ctx, locker)
	for _, r := range receipts {
		if err == nil {
			_, err = to.Write(r)
		}
	}
	return err
}

// requestsAt lists what was asked of a locker, and what persons have signed for it, newest first.
func (h *Hub) requestsAt(ctx context.Context, locker string) ([]RequestView, error) {
	asked, err := h.dispatch.RequestsAt(ctx, locker, 50)
	if err != nil {
		return nil, err
	}
	signed, err := h.dispatch.CosignedAt(ctx, locker)
	all := append(views(asked, requestView), views(signed, cosignedView)...)
	slices.SortStableFunc(all, func(a, b RequestView) int { return cmp.Compare(b.Made, a.Made) })
	return all, err
}

func requestView(r dispatch.Request) RequestView {
	return RequestView{Locker: r.Locker, Number: r.Number, Kind: r.Kind, Subject: r.Subject, Actor: r.Actor, Made: stamp(r.Made), State: r.State(), Refused: r.Refused}
}

func cosignedView(c dispatch.Cosigned) RequestView {
	state := dispatch.Request{Decided: c.Decided, Refused: c.Refused}.State()
	subject := fmt.Sprintf("of epoch %d", c.Mark)
	if c.Kind == dispatch.Lift {
		subject = fmt.Sprintf("of the lockdown at record %d", c.Mark)
	}
	return RequestView{Locker: c.Locker, Kind: c.Kind, Subject: subject, Actor: c.Actor, Made: stamp(c.Made), State: state, Refused: c.Refused}
}
