package rules_test

import (
	"maps"
	"reflect"
	"testing"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// still is a rig with two parcels inside, a third expected and a courier's session, put back to that before every try.
type still struct {
	*phone
	state     rules.State
	now, wall int64
	entries   int
}

func (s *still) again(t *testing.T) *phone {
	t.Helper()
	if s.phone == nil {
		s.phone = stocked(t, 6, 3)
		s.deposited(parcel(1))
		s.deposited(parcel(2))
		s.state, s.now, s.wall, s.entries = s.phone.state, s.phone.now, s.phone.wall, len(s.phone.entries)
	}
	p := s.phone
	p.T, p.state, p.now, p.wall, p.entries = t, s.state, s.now, s.wall, p.entries[:s.entries:s.entries]
	p.doors, p.pulses, p.presses, p.reply = map[uint16]rules.Switch{}, nil, 0, door.KioskReply{}
	for _, c := range p.state.Compartments {
		p.doors[c.Number] = rules.Closed
	}
	return p
}

// raw is a statement whose payload is any bytes: who holds a key can sign anything.
type raw struct {
	typ     statement.Type
	payload []byte
}

func (r raw) Type() statement.Type         { return r.typ }
func (r raw) Check() error                 { return nil }
func (r raw) MarshalCBOR() ([]byte, error) { return r.payload, nil }

// signRaw is nil where the payload is no CBOR at all, or too long for an envelope.
func signRaw(by *statement.Signer, typ statement.Type, payload []byte) []byte {
	if statement.Decode(payload, new(any)) != nil {
		return nil
	}
	envelope, err := statement.Sign(by, raw{typ, payload})
	if err != nil {
		return nil
	}
	return envelope
}

// FuzzKioskRequests: whatever the kiosk sends, no door opens without a press, and nothing is written but what was refused.
func FuzzKioskRequests(f *testing.F) {
	f.Add("code", "123456789", []byte(nil), []byte(nil), uint64(0))
	f.Add("code", statement.CompleteCode("12345678"), []byte(nil), []byte(nil), uint64(0))
	f.Add("return", statement.CompleteCode("123456789"), []byte(nil), []byte(nil), uint64(0))
	f.Add("secret", "", make([]byte, 16), []byte(nil), uint64(0))
	f.Add("present", "", []byte(nil), statement.Encode(statement.Presentation{Answer: []byte{0x84}}), uint64(0))
	f.Add("cosigned", "", []byte(nil), []byte{0xa2, 0x01, 0x40, 0x02, 0x80}, uint64(0))
	f.Add("courier", "", []byte(nil), []byte(nil), uint64(0))
	f.Add("technician", "", []byte(nil), []byte(nil), uint64(1))
	var s still
	f.Fuzz(func(t *testing.T, verb, code string, secret, presentation []byte, after uint64) {
		p := s.again(t)
		before := maps.Clone(p.doors)
		p.ask(door.KioskRequest{Verb: door.KioskVerb(verb), Code: code, Secret: secret, Presentation: presentation, After: after})
		p.pass(rules.Second / 10)
		p.press()
		p.pass(rules.Second / 10)
		if len(p.pulses) > 0 || !maps.Equal(p.doors, before) {
			t.Fatal("a pulse, for nobody's code and nobody's signature")
		}
	})
}

// FuzzAnswers: whatever a certified courier's device signs within its session, and with a hand on the button, only an empty
// compartment opens, once.
func FuzzAnswers(f *testing.F) {
	for want := statement.WantDeposit; want <= statement.WantReceipt; want++ {
		f.Add(statement.Encode(statement.Answer{Want: want, Barcode: parcel(3).Barcode, Size: 1}), false, true)
	}
	f.Add(statement.Encode(statement.Answer{Want: statement.WantWithdraw, Barcode: parcel(1).Barcode}), false, true)
	f.Add(statement.Encode(statement.Service{Locker: "l1", Number: 1, Task: statement.TaskWalk}), true, false)
	var s still
	f.Fuzz(func(t *testing.T, payload []byte, service, ours bool) {
		p := s.again(t)
		var a statement.Answer
		if ours && statement.Decode(payload, &a) == nil { // in this session, and next in its turn
			a.Locker, a.Nonce, a.Number = "l1", p.challenge.Nonce, p.number+1
			payload = statement.Encode(a)
		}
		typ := statement.TypeAnswer
		if service {
			typ = statement.TypeService
		}
		envelope := signRaw(p.key, typ, payload)
		held := map[uint16]string{}
		for _, c := range p.state.Compartments {
			held[c.Number] = c.Parcel
		}
		p.ask(door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{Answer: envelope, Certificate: p.certificate})})
		p.press()
		p.press()
		if len(p.pulses) > 1 {
			t.Fatalf("%d pulses", len(p.pulses))
		}
		for _, number := range p.pulses {
			if held[number] != "" {
				t.Fatalf("%+v opened compartment %d, where %s is", a, number, held[number])
			}
		}
	})
}

// FuzzDispatch: whatever whoever has dispatch's key signs, nothing that is inside becomes anybody else's, nothing becomes empty and
// no deadline comes nearer; what is written can be folded again; what is refused writes nothing but that, and uses one number at most.
func FuzzDispatch(f *testing.F) {
	types := []statement.Type{statement.TypeManifest, statement.TypeRestriction, statement.TypePermit, statement.TypeReceipt}
	id := statement.KeyID{1}
	for i, s := range []statement.Statement{
		statement.Manifest{Locker: "l1", Number: 2, Carrier: ceremony.HouseCarrier, From: start, Until: start + rules.Hour, Parcels: []statement.Expected{parcel(1), parcel(9)}},
		statement.Restriction{Locker: "l1", Number: 2, Kind: statement.Extend, Barcode: parcel(1).Barcode, DwellHours: 24},
		statement.Permit{Locker: "l1", Number: 2, Barcode: parcel(2).Barcode, Size: 1, Carrier: ceremony.HouseCarrier, Code: statement.CompleteCode("123456789"), From: start, Until: start + rules.Hour},
		statement.Receipt{Locker: "l1", Boot: 1, Position: 1, UTC: start},
	} {
		f.Add(uint8(i), uint64(2), statement.Encode(s))
	}
	for _, r := range []statement.Restriction{{Kind: statement.Pause, Minutes: 240}, {Kind: statement.Block, Compartments: []uint16{1, 2}}, {Kind: statement.Unblock, Compartments: []uint16{1, 700}},
		{Kind: statement.Reissue, Barcode: parcel(1).Barcode}, {Kind: statement.Revoke, Carrier: ceremony.HouseCarrier, Courier: &id, At: start}} {
		r.Locker, r.Number = "l1", 2
		f.Add(uint8(1), uint64(2), statement.Encode(r))
	}
	var s still
	f.Fuzz(func(t *testing.T, which uint8, number uint64, payload []byte) {
		p := s.again(t)
		envelope := signRaw(p.network.Dispatch, types[int(which)%len(types)], payload)
		before, records := p.state.Facts, len(p.entries)
		verdict := p.link(number, envelope)
		for i, c := range p.state.Compartments {
			was := before.Compartments[i]
			if c.Occupancy != was.Occupancy || c.Parcel != was.Parcel || c.Carrier != was.Carrier || c.Dwell < was.Dwell || c.Due < was.Due || c.DuePowered < was.DuePowered {
				t.Fatalf("compartment %d was %+v and is %+v", c.Number, was, c)
			}
		}
		if p.state.Down != before.Down && (p.state.Down != before.Down+1 || number != p.state.Down) {
			t.Fatalf("number %d moved the stream from %d to %d", number, before.Down, p.state.Down)
		}
		for _, e := range p.entries[records:] {
			if !verdict.Accepted && e.Record.Kind != journal.Refused {
				t.Fatalf("refused as %q, and wrote %q", verdict.Reason, e.Record.Kind)
			}
		}
		if again := p.refold(); !reflect.DeepEqual(again, p.state.Facts) {
			t.Fatal("the journal gives other facts")
		}
	})
}
