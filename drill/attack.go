package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// refused is a kiosk request that must be turned away, for one of some reasons where any are given.
func (b *Bench) refused(ctx context.Context, what string, q door.KioskRequest, reasons ...door.Reason) error {
	before, ask := b.opened(Thief), b.answered
	if q.Verb == door.Present || slices.Contains(reasons, door.OutOfOrder) { // the same answer again counts for nothing
		ask = b.Kiosk
	}
	reply, err := ask(ctx, q)
	if err != nil {
		return err
	}
	return b.inVain(ctx, what, before, reply, reasons)
}

// inVain holds that a reply was a refusal. Whatever it was, the thief presses the button after it.
func (b *Bench) inVain(ctx context.Context, what string, before int, reply door.KioskReply, reasons []door.Reason) error {
	if reply.Accepted {
		if v, err := b.pressed(ctx, Thief); err == nil {
			b.shut(ctx, Thief, v.Compartment)
		}
		return breach("%s was accepted", what)
	}
	if len(reasons) > 0 && !slices.Contains(reasons, reply.Reason) {
		return breach("%s was refused as %q, not as %q", what, reply.Reason, reasons)
	}
	return b.pressInVain(ctx, what, before)
}

// deniedAtPress presses for a prompt that stands and must not open any more.
func (b *Bench) deniedAtPress(ctx context.Context, what string) error {
	v, err := b.pressed(ctx, Thief)
	switch {
	case err == nil:
		b.shut(ctx, Thief, v.Compartment)
		return breach("%s opened door %d", what, v.Compartment)
	case errors.Is(err, errSilent):
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (b *Bench) pressInVain(ctx context.Context, what string, before int) error {
	b.press(Thief)
	if err := b.look(ctx); err != nil {
		return err
	}
	if opened := b.opened(Thief); opened > before {
		return breach("%s: %d doors opened", what, opened-before)
	}
	return nil
}

// look waits until the guard has surely seen its boards again.
func (b *Bench) look(ctx context.Context) error {
	b.wait(ctx, 250*time.Millisecond)
	_, err := b.View(ctx)
	return err
}

// wait lets real time go by, where nothing that could be seen tells that something has not happened.
func (b *Bench) wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// linkRefused is a statement that the link brings and that must be turned away, for a reason where one is given.
func (b *Bench) linkRefused(ctx context.Context, what string, q door.LinkRequest, reason string) error {
	reply, err := b.Link(ctx, q)
	switch {
	case err != nil:
		return err
	case reply.Accepted:
		return breach("%s was accepted", what)
	case reason != "" && reply.Reason != reason:
		return breach("%s was refused as %q, not as %q", what, reply.Reason, reason)
	}
	return nil
}

// challenge asks the screen for one and reads it.
func (b *Bench) challenge(ctx context.Context, verb door.KioskVerb) (c statement.Challenge, err error) {
	reply, err := b.answered(ctx, door.KioskRequest{Verb: verb})
	if err != nil || !reply.Accepted {
		return c, fmt.Errorf("no challenge: %s: %v", reply.Reason, err)
	}
	envelope := reply.View.Override
	if verb == door.Technician {
		envelope = reply.View.Service.Challenge
	} else if verb == door.Courier {
		envelope = reply.View.Session.Challenge
	}
	return statement.ReadUnverified[statement.Challenge](envelope)
}

// override is a compartment's over a challenge, signed by whoever is named.
func (b *Bench) override(c statement.Challenge, compartment uint16, parcel string, signers ...*statement.Signer) (door.KioskRequest, error) {
	o := statement.Override{Locker: c.Locker, Boot: c.Boot, Counter: c.Counter, Nonce: c.Nonce, Compartment: compartment, Parcel: parcel, Reason: "drill: a door that jams"}
	bundle, err := ceremony.SignAll(o, signers...)
	if err != nil {
		return door.KioskRequest{}, err
	}
	encoded, err := bundle.Encode()
	return door.KioskRequest{Verb: door.Cosigned, Presentation: encoded}, err
}

// quorum is two operators and a technician.
func (y *Yard) quorum() []*statement.Signer {
	return []*statement.Signer{y.Network.Operators[0], y.Network.Operators[1], y.Network.Technicians[0]}
}

// service is a technician's answer.
func (b *Bench) service(by *statement.Signer, s statement.Service) (door.KioskRequest, error) {
	s.Locker = b.Locker.ID
	envelope, err := statement.Sign(by, s)
	return door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{Answer: envelope})}, err
}

// occupied is a compartment with a parcel that is not the thief's.
func (b *Bench) occupied() (at uint16, barcode string) {
	for _, c := range b.Cabinet.Cabinet.State().Compartments {
		if len(c.Parcels) > 0 {
			return c.Number, c.Parcels[0].Barcode
		}
	}
	return 0, ""
}

// manifestAt is a manifest signed by the stolen dispatch key, whatever it says.
func (b *Bench) manifestAt(number uint64, change ...func(*statement.Manifest)) (door.LinkRequest, error) {
	now := b.Now()
	m := statement.Manifest{Locker: b.Locker.ID, Number: number, Carrier: ceremony.HouseCarrier, From: now, Until: now + 36*rules.Hour,
		Parcels: []statement.Expected{{Barcode: Barcode(900000 + int(number%1e5)), Size: 1, DwellHours: 24}}}
	for _, f := range change {
		f(&m)
	}
	envelope, err := statement.Sign(b.Network.Dispatch, m)
	return door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope}, err
}

// restrict signs a restriction with the stolen dispatch key and hands it over.
func (b *Bench) restrict(ctx context.Context, r statement.Restriction) (door.LinkReply, error) {
	return b.down(ctx, func(number uint64) statement.Statement {
		r.Locker, r.Number = b.Locker.ID, number
		return r
	})
}

// next is the number the guard waits for.
func (b *Bench) next(ctx context.Context) (uint64, error) {
	hello, err := b.Link(ctx, door.LinkRequest{Verb: door.Hello})
	return hello.Down + 1, err
}

// still says that nothing physical has happened since: no pulse.
func (b *Bench) still(before int) error {
	if now := b.pulses(); now > before {
		return breach("%d pulses", now-before)
	}
	return nil
}

// untilRecord waits until the journal has a record of a kind, with a reason where one is given, as time goes by.
func (b *Bench) untilRecord(ctx context.Context, kind journal.Kind, reason string) error {
	for range 60 {
		n, err := b.count(ctx, kind, reason)
		if err != nil || n > 0 {
			return err
		}
		if err := b.Pass(ctx, time.Second); err != nil {
			return err
		}
	}
	return breach("no record %q %q within 60 s", kind, reason)
}

// highest is the most memory the guard has had resident, in bytes.
func (b *Bench) highest() (bytes int, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.guard.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	_, err = fmt.Sscanf(after, "%d kB", &bytes)
	return bytes << 10, err
}

// unchecked is a statement that its signer does not look at: who holds a key can sign anything.
type unchecked struct {
	typ     statement.Type
	payload []byte
}

func (u unchecked) Type() statement.Type         { return u.typ }
func (u unchecked) Check() error                 { return nil }
func (u unchecked) MarshalCBOR() ([]byte, error) { return u.payload, nil }

// signRaw signs a statement whose bounds may be broken.
func signRaw(by *statement.Signer, s statement.Statement) ([]byte, error) {
	return statement.Sign(by, unchecked{s.Type(), statement.Encode(s)})
}
