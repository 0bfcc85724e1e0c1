package statement

import "slices"

// Person is somebody who holds keys. Two keys of one person count as one signature.
type Person string

// Holder is one key in a role.
type Holder struct {
	Key           // its two fields stand beside the person, so that a charter stays within the depth an envelope may have
	Person Person `cbor:"3,keyasint"`
}

// Role is who may sign one kind of statement, and how many distinct persons it takes.
type Role struct {
	Threshold uint8    `cbor:"1,keyasint"`
	Holders   []Holder `cbor:"2,keyasint"`
}

const maxHolders = 16

// Lookup finds a key of this role.
func (r Role) Lookup(id KeyID) (Key, bool) {
	for _, h := range r.Holders {
		if h.Key.ID() == id {
			return h.Key, true
		}
	}
	return Key{}, false
}

// Person is who holds a key of this role, empty where nobody does.
func (r Role) Person(id KeyID) Person {
	for _, h := range r.Holders {
		if h.Key.ID() == id {
			return h.Person
		}
	}
	return ""
}

func (r Role) check(name string) error {
	if len(r.Holders) > maxHolders {
		return refuse("role", "%s: %d keys, at most %d", name, len(r.Holders), maxHolders)
	}
	persons := map[Person]bool{}
	for _, h := range r.Holders {
		if err := h.Key.Check(); err != nil {
			return err
		}
		if len(h.Person) > 64 || !plain(string(h.Person), 1, 64) {
			return refuse("role", "%s: a key without a person whose name can be printed", name)
		}
		persons[h.Person] = true
	}
	if int(r.Threshold) > len(persons) || (r.Threshold == 0 && len(persons) > 0) {
		return refuse("role", "%s: threshold %d of %d persons", name, r.Threshold, len(persons))
	}
	return nil
}

// Carrier is a company whose couriers visit the network's lockers.
type Carrier struct {
	ID       string `cbor:"1,keyasint"`
	Keys     Role   `cbor:"2,keyasint"`           // signs its couriers' certificates; threshold 1
	KeyAtHub bool   `cbor:"3,keyasint,omitempty"` // a house carrier whose key lies at the hub; the attacker table prints it
}

// Charter says who holds which role in one network. It is signed by the threshold of its own offline roots and, when it
// replaces another, of the old one's.
type Charter struct {
	Network      string    `cbor:"1,keyasint"`
	Epoch        uint64    `cbor:"2,keyasint"`           // rises with every charter
	Development  bool      `cbor:"3,keyasint,omitempty"` // such a charter drives only pseudo-terminals
	Roots        Role      `cbor:"4,keyasint"`
	Provisioning Role      `cbor:"5,keyasint"`
	Dispatch     Role      `cbor:"6,keyasint"`
	Time         Role      `cbor:"7,keyasint"` // two of these must agree before a guard believes the time
	Operators    Role      `cbor:"8,keyasint"`
	Technicians  Role      `cbor:"9,keyasint"`
	Carriers     []Carrier `cbor:"10,keyasint"`
	Notifier     []byte    `cbor:"11,keyasint"` // HPKE public key, MLKEM768X25519: codes and contacts are sealed to it
	Budgets      *Budgets  `cbor:"12,keyasint,omitempty"`
	SetBack      int64     `cbor:"13,keyasint,omitempty"` // µs UTC: guards that take this charter set their lower bound of the time back to it
	Payments     Role      `cbor:"14,keyasint,omitzero"`  // say that what was due for a parcel has been paid
}

// Budgets are what a charter leaves of the guard's compiled-in caps, in percent from 1 to 100. It cannot raise one.
type Budgets struct {
	Deposit   uint8 `cbor:"1,keyasint"`
	Recipient uint8 `cbor:"2,keyasint"`
	Carrier   uint8 `cbor:"3,keyasint"`
	Override  uint8 `cbor:"4,keyasint"`
}

func (b *Budgets) check() error {
	if b == nil {
		return nil
	}
	for _, percent := range []uint8{b.Deposit, b.Recipient, b.Carrier, b.Override} {
		if percent < 1 || percent > 100 {
			return refuse("charter", "a budget of %d percent, not 1 to 100", percent)
		}
	}
	return nil
}

// TypeCharter is the typ header of a charter.
const TypeCharter Type = "lockstep/charter"

func (Charter) Type() Type { return TypeCharter }

// Check holds the bounds of a charter: named, every role within its size, every key in one role only.
func (c Charter) Check() error {
	if !name(c.Network) {
		return refuse("charter", "the network has no proper name")
	}
	if c.Epoch == 0 {
		return refuse("charter", "epochs begin at 1")
	}
	if c.Roots.Threshold < 1 || c.Provisioning.Threshold < 2 {
		return refuse("charter", "roots need one person at least, provisioning two")
	}
	if err := c.Budgets.check(); err != nil {
		return err
	}
	if len(c.Carriers) > 32 {
		return refuse("charter", "%d carriers, at most 32", len(c.Carriers))
	}
	if _, err := sealKey(c.Notifier); err != nil {
		return err
	}
	return c.checkRoles()
}

func (c Charter) checkRoles() error {
	seen := map[KeyID]bool{}
	roles, names := []Role{c.Roots, c.Provisioning, c.Dispatch, c.Time, c.Operators, c.Technicians, c.Payments},
		[]string{"roots", "provisioning", "dispatch", "time", "operators", "technicians", "payments"}
	carriers := map[string]bool{}
	for _, carrier := range c.Carriers {
		if !name(carrier.ID) || carriers[carrier.ID] {
			return refuse("charter", "a carrier without a name of its own")
		}
		carriers[carrier.ID] = true
		roles, names = append(roles, carrier.Keys), append(names, "carrier "+carrier.ID)
	}
	for i, role := range roles {
		if err := role.check(names[i]); err != nil {
			return err
		}
		for _, h := range role.Holders {
			if seen[h.Key.ID()] {
				return refuse("charter", "%s: a key in two roles", names[i])
			}
			seen[h.Key.ID()] = true
		}
	}
	return nil
}

// names says whether a key has a role in the charter.
func (c Charter) names(id KeyID) bool {
	roles := []Role{c.Roots, c.Provisioning, c.Dispatch, c.Time, c.Operators, c.Technicians, c.Payments}
	for _, carrier := range c.Carriers {
		roles = append(roles, carrier.Keys)
	}
	return slices.ContainsFunc(roles, func(r Role) bool { return r.Person(id) != "" })
}

// Carrier finds a carrier by its name.
func (c Charter) Carrier(id string) (Carrier, bool) {
	i := slices.IndexFunc(c.Carriers, func(k Carrier) bool { return k.ID == id })
	if i < 0 {
		return Carrier{}, false
	}
	return c.Carriers[i], true
}

// VerifyCharter reads a charter by itself: enough of the roots it names must have signed it. Which roots to trust is for a person
// to compare, by the charter's fingerprint. One that replaced another also carries signatures of roots that were; they say nothing here.
func VerifyCharter(envelopes [][]byte) (Charter, error) {
	if len(envelopes) == 0 {
		return Charter{}, refuse("persons", "no charter")
	}
	claimed, err := ReadUnverified[Charter](envelopes[0])
	if err != nil {
		return Charter{}, err
	}
	own, _ := split(envelopes, claimed.Roots)
	return VerifyAll[Charter](own, claimed.Roots)
}

// VerifyNextCharter reads the charter that replaces old: of the same network, of a higher epoch, signed by enough of the old
// roots and by enough of its own.
func VerifyNextCharter(envelopes [][]byte, old Charter) (Charter, error) {
	if len(envelopes) == 0 {
		return Charter{}, refuse("persons", "no charter")
	}
	claimed, err := ReadUnverified[Charter](envelopes[0])
	if err != nil {
		return Charter{}, err
	}
	byOld, rest := split(envelopes, old.Roots)
	byNew, _ := split(envelopes, claimed.Roots)
	if _, strangers := split(rest, claimed.Roots); len(strangers) > 0 {
		return Charter{}, refuse("key", "an envelope that neither an old nor a new root has signed")
	}
	before, err := VerifyAll[Charter](byOld, old.Roots)
	if err != nil {
		return Charter{}, err
	}
	next, err := VerifyAll[Charter](byNew, claimed.Roots)
	switch {
	case err != nil:
		return Charter{}, err
	case string(encode(before)) != string(encode(next)):
		return Charter{}, refuse("payload", "the envelopes do not say the same")
	case next.Epoch <= old.Epoch:
		return Charter{}, refuse("epoch", "epoch %d after epoch %d", next.Epoch, old.Epoch)
	case next.Network != old.Network || next.Development != old.Development:
		return Charter{}, refuse("network", "the charter of another network")
	}
	return next, nil
}

// name says whether s is a plain identifier: 1 to 32 of a–z, 0–9, '.', '_' and '-'.
func name(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_' {
			return false
		}
	}
	return true
}
