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
		if h.Person == "" || len(h.Person) > 64 {
			return refuse("role", "%s: a key without a person", name)
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
	roles, names := []Role{c.Roots, c.Provisioning, c.Dispatch, c.Time, c.Operators, c.Technicians},
		[]string{"roots", "provisioning", "dispatch", "time", "operators", "technicians"}
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

// Carrier finds a carrier by its name.
func (c Charter) Carrier(id string) (Carrier, bool) {
	i := slices.IndexFunc(c.Carriers, func(k Carrier) bool { return k.ID == id })
	if i < 0 {
		return Carrier{}, false
	}
	return c.Carriers[i], true
}

// VerifyCharter reads a first charter: enough of the roots it names itself must have signed it. Which roots to trust is for a
// person to compare, by the charter's fingerprint.
func VerifyCharter(envelopes [][]byte) (Charter, error) {
	if len(envelopes) == 0 {
		return Charter{}, refuse("persons", "no charter")
	}
	claimed, err := ReadUnverified[Charter](envelopes[0])
	if err != nil {
		return Charter{}, err
	}
	return VerifyAll[Charter](envelopes, claimed.Roots)
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
