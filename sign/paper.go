package sign

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

// side is one group of persons whose signatures a statement needs, and how many of them.
type side struct {
	name string
	role statement.Role
	need int
}

// paper is a statement on its way through several persons' hands.
type paper[T statement.Statement] struct {
	said      T
	bundle    statement.Bundle // no envelope where nobody has signed yet
	sides     []side
	distinct  bool                           // nobody may sign on two sides
	complete  func(envelopes [][]byte) error // what the guard will ask
	words     func(*desk.Desk)
	what      string // words for want
	want      string // what is typed to sign
	addressee string // who takes it when it is complete
	shown     bool   // also as a text and a QR code
}

// papers are a command line's words for a paper that exists already.
type papers[T statement.Statement] interface {
	paper(*desk.Desk) (*paper[T], error)
}

// add signs a paper, after others or as the first.
type add[T statement.Statement, P papers[T]] struct {
	Paper P `embed:""`
	keyFlag
	outFlag
}

func (a add[T, P]) Run(d *desk.Desk) error {
	p, err := a.Paper.paper(d)
	if err != nil {
		return err
	}
	return p.cosign(d, a.Key, a.Out)
}

// check says what a paper means and who has signed it.
type check[T statement.Statement, P papers[T]] struct {
	Paper P `embed:""`
}

func (c check[T, P]) Run(d *desk.Desk) error {
	p, err := c.Paper.paper(d)
	if err != nil {
		return err
	}
	return p.check(d)
}

// load reads one statement from files or texts: bundles with signatures, or the bare payload. All of them must say the same.
func load[T statement.Statement](d *desk.Desk, sources []string) (said T, bundle statement.Bundle, err error) {
	var payload []byte
	for _, source := range sources {
		data, err := take(d, source, prefixBundle)
		if err != nil {
			return said, bundle, err
		}
		one, signed, err := parse[T](data)
		if err != nil {
			return said, bundle, fmt.Errorf("%s: %w", short(source), err)
		}
		if payload != nil && !bytes.Equal(payload, statement.Encode(one)) {
			return said, bundle, fmt.Errorf("%s does not say the same as what was read before it", short(source))
		}
		said, payload = one, statement.Encode(one)
		if len(signed.Envelopes) > 0 {
			if bundle, err = bundle.Join(signed); err != nil {
				return said, bundle, err
			}
		}
	}
	return said, bundle, nil
}

func parse[T statement.Statement](data []byte) (said T, bundle statement.Bundle, err error) {
	if bundle, err = statement.DecodeBundle(data); err == nil {
		said, err = statement.ReadUnverified[T](bundle.Envelopes[0])
		return said, bundle, err
	}
	var bare T
	if err := statement.Decode(data, &bare); err != nil {
		return said, statement.Bundle{}, fmt.Errorf("neither a signed nor an unsigned %s", said.Type())
	}
	return bare, statement.Bundle{}, bare.Check()
}

// signed says who has signed on each side; an envelope of anybody else, or one that does not verify, is an error.
func (p *paper[T]) signed() ([][]statement.Person, error) {
	persons := make([][]statement.Person, len(p.sides))
	for i, envelope := range p.bundle.Envelopes {
		_, key, err := statement.Verify[T](envelope, p.lookup)
		if err != nil {
			return nil, fmt.Errorf("signature %d: %w", i+1, err)
		}
		for j, s := range p.sides {
			if person := s.role.Person(key.ID()); person != "" && !slices.Contains(persons[j], person) {
				persons[j] = append(persons[j], person)
			}
		}
	}
	return persons, nil
}

func (p *paper[T]) lookup(id statement.KeyID) (statement.Key, bool) {
	for _, s := range p.sides {
		if key, ok := s.role.Lookup(id); ok {
			return key, true
		}
	}
	return statement.Key{}, false
}

// mayAdd says whether a key's signature would bring the paper further, and whose it is.
func (p *paper[T]) mayAdd(key statement.Key, signed [][]statement.Person) (statement.Person, error) {
	var person statement.Person
	further, anywhere := false, false
	for i, s := range p.sides {
		if held := s.role.Person(key.ID()); held != "" {
			person = held
			further = further || !slices.Contains(signed[i], held)
		}
	}
	for _, persons := range signed {
		anywhere = anywhere || slices.Contains(persons, person)
	}
	switch {
	case person == "":
		return "", fmt.Errorf("the charter does not name the key %s among its %s", key.Fingerprint(), p.sideNames())
	case !further:
		return "", fmt.Errorf("%s has signed this already", person)
	case p.distinct && anywhere:
		return "", fmt.Errorf("%s has signed this already; whoever signs for another role must be another person", person)
	}
	return person, nil
}

func (p *paper[T]) sideNames() string {
	var names []string
	for _, s := range p.sides {
		names = append(names, s.name)
	}
	return strings.Join(names, " or ")
}

// errIncomplete is a paper that the guard would not believe yet.
var errIncomplete = errors.New("not complete: carry it to the next person")

// check says in plain words what the paper means and who has signed it. A paper that lacks signatures is an error.
func (p *paper[T]) check(d *desk.Desk) error {
	p.words(d)
	return p.progress(d)
}

// progress says who has signed, who is missing, and whether the guard would believe it now.
func (p *paper[T]) progress(d *desk.Desk) error {
	signed, err := p.signed()
	if err != nil {
		return err
	}
	d.Say("")
	for i, s := range p.sides {
		d.Say("%s: %d of %d signed%s", s.name, len(signed[i]), s.need, listed(": ", signed[i]))
		if len(signed[i]) < s.need {
			d.Say("  still to sign, %d of: %s", s.need-len(signed[i]), listed("", p.missing(i, signed)))
		}
	}
	if len(p.bundle.Envelopes) == 0 || p.complete(p.bundle.Envelopes) != nil {
		return errIncomplete
	}
	d.Say("COMPLETE. It goes to %s.", p.addressee)
	return nil
}

// missing are the persons who can still sign on one side.
func (p *paper[T]) missing(at int, signed [][]statement.Person) []statement.Person {
	done := signed[at]
	if p.distinct {
		done = slices.Concat(signed...)
	}
	var out []statement.Person
	for _, h := range p.sides[at].role.Holders {
		if !slices.Contains(out, h.Person) && !slices.Contains(done, h.Person) {
			out = append(out, h.Person)
		}
	}
	return out
}

func listed(before string, persons []statement.Person) string {
	if len(persons) == 0 {
		return ""
	}
	var out []string
	for _, p := range persons {
		out = append(out, string(p))
	}
	return before + strings.Join(out, ", ")
}

// cosign says what the paper means, asks, adds the signature of the person whose key it is, and writes it to out.
func (p *paper[T]) cosign(d *desk.Desk, ref, out string) error {
	if err := d.Free(out); err != nil {
		return err
	}
	signed, err := p.signed()
	if err != nil {
		return err
	}
	key, err := choose(d, ref, func(k statement.Key) error {
		_, err := p.mayAdd(k, signed)
		return err
	})
	if err != nil {
		return err
	}
	defer key.close()
	person, err := p.mayAdd(key.public, signed)
	if err != nil {
		return err
	}
	if err := p.check(d); err != nil && err != errIncomplete {
		return err
	}
	d.Say("")
	d.Say("You sign as %s, with the key %s.", person, key.public.Fingerprint())
	if err := d.Confirm(p.what, p.want); err != nil {
		return err
	}
	envelope, err := signWith(key, p.said)
	if err != nil {
		return err
	}
	if p.bundle, err = p.bundle.Join(statement.Bundle{Envelopes: [][]byte{envelope}}); err != nil {
		return err
	}
	return p.hand(d, out)
}

// hand writes the paper and says how far it is.
func (p *paper[T]) hand(d *desk.Desk, out string) error {
	data, err := p.bundle.Encode()
	if err != nil {
		return err
	}
	if err := d.Write(out, data); err != nil {
		return err
	}
	if err := p.progress(d); err != nil && err != errIncomplete {
		return err
	}
	if p.shown {
		show(d, prefixBundle, data)
	}
	return nil
}

// signWith opens the key and gives an envelope only if it verifies: an agent may answer anything.
func signWith[T statement.Statement](key *chosen, s T) ([]byte, error) {
	signer, err := key.open()
	if err != nil {
		return nil, err
	}
	envelope, err := statement.Sign(signer, s)
	if err != nil {
		return nil, err
	}
	if _, _, err = statement.Verify[T](envelope, only(key.public)); err != nil {
		return nil, errors.New("the key made a signature that does not verify: nothing was signed")
	}
	return envelope, nil
}

func only(key statement.Key) func(statement.KeyID) (statement.Key, bool) {
	return func(id statement.KeyID) (statement.Key, bool) { return key, id == key.ID() }
}
