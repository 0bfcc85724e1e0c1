package drill

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/rules"
	"lockstep/guard/statement"
)

// tape is what was asked on each socket, as payloads of frames, each once.
type tape struct{ kiosk, link tracks }

type tracks [][]byte

func (t *tracks) keep(request any) {
	payload := statement.Encode(request)
	if !slices.ContainsFunc(*t, func(kept []byte) bool { return string(kept) == string(payload) }) {
		*t = append(*t, payload)
	}
}

// verbs are requests without a secret or a signature.
func (t *tape) verbs() {
	for _, verb := range []door.KioskVerb{door.Courier, door.Technician, door.Override, door.Larger, door.Cancel, "open"} {
		t.kiosk.keep(door.KioskRequest{Verb: verb})
	}
	t.kiosk.keep(door.KioskRequest{Verb: door.Code, Code: statement.CompleteCode("12345678")})
	t.kiosk.keep(door.KioskRequest{Verb: door.Return, Code: statement.CompleteCode("123456789")})
	t.kiosk.keep(door.KioskRequest{Verb: door.Secret, Secret: make([]byte, 16)})
	for _, verb := range []door.LinkVerb{door.Hello, door.Beat, "open"} {
		t.link.keep(door.LinkRequest{Verb: verb})
	}
}

// forge adds a statement of every kind under every verb that takes one, proper in all but who has signed it.
func (t *tape) forge(b *Bench, number uint64) error {
	stranger, err := statement.SignerFromSeed(statement.NewSeed())
	if err != nil {
		return err
	}
	certificate, err := statement.Sign(stranger, b.certificateFor(stranger))
	if err != nil {
		return err
	}
	for _, s := range b.everyStatement(stranger, number) {
		envelope, err := statement.Sign(stranger, s)
		if err != nil {
			return err
		}
		bundle, err := statement.Bundle{Envelopes: [][]byte{envelope}}.Encode()
		if err != nil {
			return err
		}
		t.kiosk.keep(door.KioskRequest{Verb: door.Present, Presentation: statement.Encode(statement.Presentation{Answer: envelope, Certificate: certificate})})
		t.kiosk.keep(door.KioskRequest{Verb: door.Cosigned, Presentation: bundle})
		t.link.keep(door.LinkRequest{Verb: door.Down, Number: number, Statement: envelope})
		t.link.keep(door.LinkRequest{Verb: door.Receipt, Statement: envelope})
		t.link.keep(door.LinkRequest{Verb: door.Persons, Statement: bundle})
	}
	return nil
}

func (b *Bench) certificateFor(key *statement.Signer) statement.Courier {
	return statement.Courier{Carrier: ceremony.HouseCarrier, ID: "c9", Key: key.Key(), Lockers: []string{"*"}, Deposit: true, Withdraw: true, From: b.Now() - rules.Hour, Until: b.Now() + rules.Day}
}

// everyStatement is one of each kind, for this locker and now.
func (b *Bench) everyStatement(by *statement.Signer, number uint64) []statement.Statement {
	now, id, barcode := b.Now(), b.Locker.ID, Barcode(1)
	charter := b.Network.Charter
	charter.Epoch++
	return []statement.Statement{
		charter, b.Locker, b.certificateFor(by),
		statement.Manifest{Locker: id, Number: number, Carrier: ceremony.HouseCarrier, From: now, Until: now + rules.Hour, Parcels: []statement.Expected{{Barcode: barcode, Size: 1, DwellHours: 24}}},
		statement.Permit{Locker: id, Number: number, Barcode: barcode, Size: 1, Carrier: ceremony.HouseCarrier, Code: statement.CompleteCode("123456789"), From: now, Until: now + rules.Hour},
		statement.Restriction{Locker: id, Number: number, Kind: statement.Pause, Minutes: 240},
		statement.Receipt{Locker: id, Boot: 1, Position: 1, UTC: now},
		statement.Challenge{Locker: id, Boot: 1, Counter: 1, Purpose: statement.ForOverride},
		statement.Answer{Locker: id, Number: 1, Want: statement.WantDeposit, Barcode: barcode},
		statement.Service{Locker: id, Number: 1, Task: statement.TaskWalk},
		statement.Override{Locker: id, Boot: 1, Counter: 1, Compartment: 1, Parcel: barcode, Reason: "drill: a door that jams"},
		statement.Lift{Locker: id, Record: 1},
		statement.Head{Locker: id, Boot: 1, Position: 1},
		statement.Recovered{Locker: id, Barcode: barcode, UTC: now},
		statement.ContactKey{Network: b.Locker.Network, Merchant: "Shop", Prefix: "40000", Key: by.Key(), Serial: 1},
		statement.SealedContact{Barcode: barcode, Sealed: make([]byte, 64)},
	}
}

// framed is a payload behind its length.
func framed(payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(payload)), uint32(len(payload))), payload...)
}

// spoil makes a frame of one of the seeds (CBOR maps of few keys): now and then it stays as it is, and comes at the wrong time.
func spoil(random *rand.Rand, seeds [][]byte) []byte {
	payload := slices.Clone(seeds[random.IntN(len(seeds))])
	at := random.IntN(len(payload))
	switch random.IntN(13) {
	case 0:
		return framed(payload)
	case 1:
		payload[at] ^= 1 << random.IntN(8)
	case 2:
		for range 1 + random.IntN(8) {
			payload[random.IntN(len(payload))] = byte(random.Uint32())
		}
	case 3:
		payload = payload[:at] // may be none at all
	case 4:
		payload = append(payload, payload[:at]...) // bytes behind the end
	case 5: // a length of up to 2³²
		frame := framed(payload)
		binary.BigEndian.PutUint32(frame, random.Uint32())
		return frame
	case 6: // a length that is nearly right
		frame := framed(payload)
		binary.BigEndian.PutUint32(frame, uint32(len(payload)+random.IntN(9)-4))
		return frame
	case 7: // as deep as a frame is long, arrays or maps
		payload = slices.Repeat([][]byte{{0x81}, {0xa1, 0x01}}[random.IntN(2)], 1+random.IntN(door.MaxFrame/2))
	case 8: // of no definite length
		payload[0] = 0xbf
		payload = append(payload, 0xff)
	case 9: // a small number in a longer form
		payload = slices.Insert(payload, at, 0x18, byte(random.IntN(24)))
	case 10: // the first key twice
		payload[0]++
		payload = append(payload, payload[1:]...)
	case 11: // something of up to 2⁶⁴ bytes, characters, parts or pairs inside
		head := binary.BigEndian.AppendUint64([]byte{[]byte{0x5b, 0x7b, 0x9b, 0xbb}[random.IntN(4)]}, random.Uint64()>>random.IntN(64))
		payload = append(payload[:at], head...)
	default: // the head of one and the tail of another
		other := seeds[random.IntN(len(seeds))]
		payload = append(payload[:at], other[random.IntN(len(other)):]...)
	}
	return framed(payload)
}
