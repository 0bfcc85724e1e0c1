package statement_test

import (
	"bytes"
	"crypto/sha256"
	"reflect"
	"runtime/metrics"
	"slices"
	"testing"

	"lockstep/guard/statement"
)

// seeded is a signer that is the same in every process, so that what it signs can lie in testdata.
func seeded(name string) *statement.Signer {
	seed := sha256.Sum256([]byte(name))
	s, err := statement.SignerFromSeed(seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

func holders(threshold uint8, persons ...string) statement.Role {
	role := statement.Role{Threshold: threshold}
	for _, p := range persons {
		role.Holders = append(role.Holders, statement.Holder{Key: seeded(p).Key(), Person: statement.Person(p)})
	}
	return role
}

func networkOf(epoch uint64) statement.Charter {
	private, err := statement.ParseSealKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		panic(err)
	}
	return statement.Charter{Network: "test", Epoch: epoch, Roots: holders(2, "ann", "bob", "cid"), Provisioning: holders(2, "dan", "eve"),
		Dispatch: holders(1, "dispatch"), Time: holders(1, "time1", "time2"), Operators: holders(2, "olga", "oleg"), Technicians: holders(1, "tina"),
		Carriers: []statement.Carrier{{ID: "house", Keys: holders(1, "house")}}, Notifier: private.PublicKey().Bytes()}
}

// oneOfEach is a proper statement of every kind.
func oneOfEach() []statement.Statement {
	key, gate := seeded("guard").Key(), statement.Point{Channel: 8}
	id := key.ID()
	const barcode = "200010000018"
	return []statement.Statement{
		networkOf(1),
		statement.Locker{Network: "test", ID: "l1", Zone: "Europe/Moscow", Guard: key, Boards: []statement.Board{{Line: "a", Family: "8a", Address: 1, Channels: 8}},
			Compartments: []statement.Compartment{{Number: 1, Size: 1, Channel: 1}}, Inputs: statement.Inputs{Gate: &gate}, Interlock: true},
		statement.Courier{Carrier: "house", ID: "c1", Key: key, Lockers: []string{"*"}, Deposit: true, From: 1, Until: 2},
		statement.Manifest{Locker: "l1", Number: 1, Carrier: "house", From: 1, Until: 2, Parcels: []statement.Expected{{Barcode: barcode, Size: 1, DwellHours: 24, Low: true}}},
		statement.Permit{Locker: "l1", Number: 1, Barcode: barcode, Size: 1, Carrier: "house", Code: statement.CompleteCode("123456789"), From: 1, Until: 2},
		statement.Restriction{Locker: "l1", Number: 1, Kind: statement.Revoke, Carrier: "house", Courier: &id, At: 1},
		statement.Challenge{Locker: "l1", Boot: 1, Counter: 1, Purpose: statement.ForOverride},
		statement.Answer{Locker: "l1", Number: 1, Want: statement.WantDeposit, Barcode: barcode, Size: 1},
		statement.Service{Locker: "l1", Number: 1, Task: statement.TaskCommission, Index: 1, Board: &statement.Board{Line: "a", Family: "8a", Address: 1, Channels: 8}},
		statement.Recovered{Locker: "l1", Barcode: barcode, UTC: 1},
		statement.Override{Locker: "l1", Boot: 1, Counter: 1, Compartment: 1, Parcel: barcode, Reason: "the door jams"},
		statement.Lift{Locker: "l1", Record: 1},
		statement.Head{Locker: "l1", Boot: 1, Position: 1},
		statement.Receipt{Locker: "l1", Boot: 1, Position: 1, UTC: 1},
		statement.ContactKey{Network: "test", Merchant: "Shop", Prefix: "20001", Key: key, Serial: 1},
		statement.SealedContact{Barcode: barcode, Sealed: []byte{1}},
	}
}

// kind is how one kind of statement is read.
type kind struct {
	typ     statement.Type
	decode  func(t *testing.T, payload []byte)
	believe func(envelope []byte) (says []byte, err error)
	claims  func(envelope []byte) (says []byte, err error)
}

func kindOf[T statement.Statement](lookup func(statement.KeyID) (statement.Key, bool)) kind {
	var none T
	return kind{none.Type(),
		func(t *testing.T, payload []byte) {
			if s, ok := canonical[T](t, payload); ok {
				_ = s.Check()
			}
		},
		func(envelope []byte) ([]byte, error) {
			s, _, err := statement.Verify[T](envelope, lookup)
			return statement.Encode(s), err
		},
		func(envelope []byte) ([]byte, error) {
			s, err := statement.ReadUnverified[T](envelope)
			return statement.Encode(s), err
		}}
}

func kinds(lookup func(statement.KeyID) (statement.Key, bool)) []kind {
	return []kind{kindOf[statement.Charter](lookup), kindOf[statement.Locker](lookup), kindOf[statement.Courier](lookup), kindOf[statement.Manifest](lookup),
		kindOf[statement.Permit](lookup), kindOf[statement.Restriction](lookup), kindOf[statement.Challenge](lookup), kindOf[statement.Answer](lookup),
		kindOf[statement.Service](lookup), kindOf[statement.Recovered](lookup), kindOf[statement.Override](lookup), kindOf[statement.Lift](lookup),
		kindOf[statement.Head](lookup), kindOf[statement.Receipt](lookup), kindOf[statement.ContactKey](lookup), kindOf[statement.SealedContact](lookup)}
}

// canonical holds Decode to its contract: what is read has one encoding, and reading it again gives the same.
func canonical[T any](t *testing.T, data []byte) (v T, ok bool) {
	if statement.Decode(data, &v) != nil {
		return v, false
	}
	if !bytes.Equal(statement.Encode(v), data) {
		t.Fatalf("%x was read as %+v, which is written %x", data, v, statement.Encode(v))
	}
	var again T
	if err := statement.Decode(data, &again); err != nil || !reflect.DeepEqual(v, again) {
		t.Fatalf("%x was read as %+v, then as %+v, %v", data, v, again, err)
	}
	return v, true
}

// allocated is how many bytes something allocates.
func allocated(do func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	do()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}

// FuzzDecode: whatever bytes are read as whatever statement, there is one encoding of it, and memory is bounded by what was sent.
func FuzzDecode(f *testing.F) {
	for _, s := range oneOfEach() {
		f.Add(statement.Encode(s))
	}
	f.Add(pairs(answerPairs()...))
	f.Add(statement.Encode(statement.Presentation{Answer: []byte{1}, Certificate: []byte{2}}))
	all := kinds(nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		took := allocated(func() {
			for _, k := range all {
				k.decode(t, data)
			}
			canonical[statement.Presentation](t, data)
			canonical[statement.SealedCode](t, data)
		})
		if most := uint64(1<<20 + 2000*len(data)); took > most {
			t.Errorf("%d bytes took %d bytes of memory", len(data), took)
		}
	})
}

// FuzzVerify: only an envelope that was signed is believed, and only as what it is. Whatever is believed, the package would write
// the same way again.
func FuzzVerify(f *testing.F) {
	signer := seeded("guard")
	signed := map[string][]byte{} // payload by envelope
	for _, s := range oneOfEach() {
		envelope, err := statement.Sign(signer, s)
		if err != nil {
			f.Fatal(err)
		}
		signed[string(envelope)] = statement.Encode(s)
		f.Add(envelope)
	}
	g := newForge()
	f.Add(g.envelope(g.protected(), pairs(answerPairs()...))) // a stranger's
	f.Add([]byte{0x84, 0x40, 0xa0, 0x40, 0x40})
	all := kinds(func(statement.KeyID) (statement.Key, bool) { return signer.Key(), true })
	f.Fuzz(func(t *testing.T, envelope []byte) {
		typ, unreadable := statement.Peek(envelope)
		for _, k := range all {
			says, err := k.believe(envelope)
			claims, none := k.claims(envelope)
			switch {
			case none == nil && (unreadable != nil || typ != k.typ):
				t.Fatalf("a %q was read as a %s", typ, k.typ)
			case err != nil:
			case none != nil || !bytes.Equal(says, claims):
				t.Fatalf("%x says %x when it is verified and %x when it is not", envelope, says, claims)
			case !bytes.Equal(signed[string(envelope)], says):
				t.Fatalf("believed, and never signed: %x", envelope)
			}
		}
	})
}

// FuzzBundle: what is read as a bundle has one encoding, and joined with itself it is the same.
func FuzzBundle(f *testing.F) {
	for _, s := range oneOfEach() {
		b := statement.Bundle{Envelopes: signedBy(f, s, "ann", "bob")}
		data, err := b.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := statement.DecodeBundle(data)
		if err != nil {
			return
		}
		again, err := b.Encode()
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("%x is written %x, %v", data, again, err)
		}
		for _, envelope := range b.Envelopes {
			if len(envelope) > statement.MaxSize {
				t.Fatalf("an envelope of %d bytes", len(envelope))
			}
			if _, err := statement.Peek(envelope); err != nil {
				t.Fatalf("a bundle of what is no envelope: %v", err)
			}
		}
		joined, err := b.Join(b)
		if err != nil || len(joined.Envelopes) > len(b.Envelopes) {
			t.Fatalf("joined with itself it has %d envelopes of %d, %v", len(joined.Envelopes), len(b.Envelopes), err)
		}
	})
}

func signedBy(t testing.TB, s statement.Statement, persons ...string) (envelopes [][]byte) {
	t.Helper()
	for _, p := range persons {
		envelope, err := statement.Sign(seeded(p), s)
		if err != nil {
			t.Fatal(err)
		}
		envelopes = append(envelopes, envelope)
	}
	return envelopes
}

// FuzzPersons: only what enough of the right persons have signed is believed. Beside each statement that is, lies one that lacks a
// person.
func FuzzPersons(f *testing.F) {
	old := networkOf(1)
	believed := map[string]bool{}
	add := func(enough bool, s statement.Statement, persons ...string) {
		data, err := statement.Bundle{Envelopes: signedBy(f, s, persons...)}.Encode()
		if err != nil {
			f.Fatal(err)
		}
		believed[string(statement.Encode(s))] = enough
		f.Add(data)
	}
	override := statement.Override{Locker: "l1", Counter: 1, Compartment: 1, Reason: "the door jams"}
	key := statement.ContactKey{Network: "test", Merchant: "Shop", Prefix: "20001", Key: seeded("shop").Key(), Serial: 1}
	add(true, old, "ann", "bob")
	add(true, networkOf(2), "ann", "cid")
	add(false, networkOf(3), "ann")
	add(true, override, "olga", "oleg", "tina")
	override.Compartment = 2
	add(false, override, "olga", "tina")
	override.Compartment = 3
	add(false, override, "olga", "oleg")
	add(true, statement.Lift{Locker: "l1", Record: 1}, "olga", "oleg")
	add(false, statement.Lift{Locker: "l1", Record: 2}, "oleg")
	add(true, key, "olga", "oleg")
	key.Prefix = "20002"
	add(false, key, "olga", "shop")
	add(true, oneOfEach()[1], "dan", "eve")
	add(true, oneOfEach()[2], "house")
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := statement.DecodeBundle(data)
		if err != nil {
			return
		}
		for what, verify := range judges(old) {
			if says, err := verify(b.Envelopes); err == nil && !believed[string(says)] {
				t.Fatalf("a %s was believed that too few had signed: %x", what, data)
			}
		}
	})
}

// judges are the ways in which bundles are believed, each with what the bundle then says.
func judges(c statement.Charter) map[string]func([][]byte) ([]byte, error) {
	return map[string]func([][]byte) ([]byte, error){
		"charter": func(e [][]byte) ([]byte, error) {
			s, err := statement.VerifyCharter(e)
			return statement.Encode(s), err
		},
		"next": func(e [][]byte) ([]byte, error) {
			s, err := statement.VerifyNextCharter(e, c)
			return statement.Encode(s), err
		},
		"override": func(e [][]byte) ([]byte, error) {
			s, _, err := statement.VerifyOverride(e, c)
			return statement.Encode(s), err
		},
		"lift": func(e [][]byte) ([]byte, error) {
			s, _, err := statement.VerifyLift(e, c)
			return statement.Encode(s), err
		},
		"contact key": func(e [][]byte) ([]byte, error) {
			s, err := statement.VerifyContactKey(e, c, nil)
			return statement.Encode(s), err
		},
		"courier": func(e [][]byte) ([]byte, error) {
			s, err := statement.VerifyCourier(e[0], c)
			return statement.Encode(s), err
		},
		"locker": func(e [][]byte) ([]byte, error) {
			s, err := statement.VerifyAll[statement.Locker](e, c.Provisioning)
			return statement.Encode(s), err
		},
	}
}

// FuzzSealed: a sealed code or contact that was changed, cut or bound to something else does not open.
func FuzzSealed(f *testing.F) {
	private, err := statement.ParseSealKey(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	public := private.PublicKey().Bytes()
	code, err := statement.SealCode(public, statement.SealedCode{Code: statement.CompleteCode("12345678")}, "l1", 7, "200010000018")
	if err != nil {
		f.Fatal(err)
	}
	contact, err := statement.SealContact(public, []byte("ann"), "200010000018")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, uint16(0), uint16(0), "l1", uint64(7), "200010000018")
	f.Add([]byte{1}, uint16(1120), uint16(0), "l1", uint64(7), "200010000018")
	f.Add([]byte{}, uint16(0), uint16(3), "l1", uint64(7), "200010000018")
	f.Add([]byte{}, uint16(0), uint16(0), "l2", uint64(8), "200010000025")
	f.Fuzz(func(t *testing.T, patch []byte, at, cut uint16, locker string, record uint64, barcode string) {
		spoilt := changed(code, patch, at, cut)
		bound := locker == "l1" && record == 7 && barcode == "200010000018"
		_, err := statement.OpenCode(private, spoilt, locker, record, barcode)
		if whole := bound && bytes.Equal(spoilt, code); (err == nil) != whole {
			t.Errorf("a code that is whole: %v: %v", whole, err)
		}
		spoilt = changed(contact, patch, at, cut)
		_, err = statement.OpenContact(private, spoilt, barcode)
		if whole := barcode == "200010000018" && bytes.Equal(spoilt, contact); (err == nil) != whole {
			t.Errorf("a contact that is whole: %v: %v", whole, err)
		}
	})
}

// changed is data with a patch somewhere and its end cut off.
func changed(data, patch []byte, at, cut uint16) []byte {
	out := bytes.Clone(data)
	copy(out[int(at)%len(out):], patch)
	return out[:len(out)-int(cut)%len(out)]
}

// FuzzDigits: of every barcode and code that is proper, no other with one digit changed is.
func FuzzDigits(f *testing.F) {
	f.Add("200010000018")
	f.Add(statement.CompleteCode("12345678"))
	f.Add(statement.CompleteCode("123456789"))
	f.Add("２0001000001")
	f.Fuzz(func(t *testing.T, text string) {
		for _, check := range []func(string) bool{func(s string) bool { return statement.CheckBarcode(s) == nil }, statement.CheckCode, statement.CheckPermitCode} {
			if !check(text) {
				continue
			}
			if i := slices.IndexFunc([]byte(text), func(c byte) bool { return c < '0' || c > '9' }); i >= 0 || len(text) < 9 || len(text) > 12 {
				t.Fatalf("%q is proper", text)
			}
			for i := range len(text) {
				for digit := byte('0'); digit <= '9'; digit++ {
					other := text[:i] + string(digit) + text[i+1:]
					if other != text && check(other) {
						t.Fatalf("%q and %q are both proper", text, other)
					}
				}
			}
		}
	})
}
