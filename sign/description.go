package sign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"lockstep/guard/statement"
	"lockstep/parcel"
	"lockstep/sign/keys"
)

// network is a charter as a person describes it, in TOML.
type network struct {
	Network      string
	Epoch        uint64
	Development  bool
	Roots        role
	Provisioning role
	Dispatch     role
	Time         role
	Operators    role
	Technicians  role
	Payments     role
	Carriers     []carrier
	Notifier     string // file with the public half of the notifier's key, beside the description
	Budgets      *struct{ Deposit, Recipient, Carrier, Override uint8 }
	SetBack      *time.Time `toml:"set_back"`
}

type role struct {
	Threshold uint8
	Keys      []struct{ Person, Key string }
}

type carrier struct {
	ID       string
	KeyAtHub bool `toml:"key_at_hub"`
	role
}

// readTOML reads a description. A field that it does not know is an error, and said where.
func readTOML(path string, v any) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	err = toml.NewDecoder(file).DisallowUnknownFields().Decode(v)
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var names []string
		for _, e := range unknown.Errors {
			names = append(names, strings.Join(e.Key(), "."))
		}
		return fmt.Errorf("%s: nothing here is called %s", path, strings.Join(names, ", "))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		line, _ := wrong.Position()
		return fmt.Errorf("%s, line %d: %w", path, line, err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readNetwork makes the charter of a description.
func readNetwork(path string) (statement.Charter, error) {
	var n network
	if err := readTOML(path, &n); err != nil {
		return statement.Charter{}, err
	}
	c := statement.Charter{Network: n.Network, Epoch: n.Epoch, Development: n.Development}
	roles := []struct {
		name string
		from role
		to   *statement.Role
	}{{"roots", n.Roots, &c.Roots}, {"provisioning", n.Provisioning, &c.Provisioning}, {"dispatch", n.Dispatch, &c.Dispatch},
		{"time", n.Time, &c.Time}, {"operators", n.Operators, &c.Operators}, {"technicians", n.Technicians, &c.Technicians}, {"payments", n.Payments, &c.Payments}}
	for _, r := range roles {
		if err := r.from.fill(r.name, r.to); err != nil {
			return c, err
		}
	}
	for _, k := range n.Carriers {
		made := statement.Carrier{ID: k.ID, KeyAtHub: k.KeyAtHub}
		if err := k.fill("carrier "+k.ID, &made.Keys); err != nil {
			return c, err
		}
		c.Carriers = append(c.Carriers, made)
	}
	if b := n.Budgets; b != nil {
		c.Budgets = &statement.Budgets{Deposit: b.Deposit, Recipient: b.Recipient, Carrier: b.Carrier, Override: b.Override}
	}
	if n.SetBack != nil {
		c.SetBack = n.SetBack.UnixMicro()
	}
	var err error
	if c.Notifier, err = readHex(filepath.Join(filepath.Dir(path), n.Notifier)); err != nil {
		return c, fmt.Errorf("the notifier's public key: %w", err)
	}
	return c, c.Check()
}

func (r role) fill(name string, to *statement.Role) error {
	to.Threshold = r.Threshold
	for _, k := range r.Keys {
		key, err := keys.Parse(k.Key)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", name, k.Person, err)
		}
		to.Holders = append(to.Holders, statement.Holder{Key: key, Person: statement.Person(k.Person)})
	}
	return nil
}

func readHex(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return hex.DecodeString(strings.TrimSpace(string(data)))
}

// machine is a locker as a person describes it, in TOML.
type machine struct {
	ID           string
	Zone         string
	Interlock    *bool // to be said, yes or no
	Boards       []board
	Inputs       struct{ Gate, Case, Jumper *point }
	Compartments []doors
	Low          []uint16 // numbers of the compartments within reach from a wheelchair
}

type board struct {
	Line, Family      string
	Address, Channels uint8
	LastByteFirst     bool  `toml:"last_byte_first"`
	OpenBit           uint8 `toml:"open_bit"`
	OpenAnswer        uint8 `toml:"open_answer"`
	Echo, Sensors     bool
}

func (b board) made() statement.Board {
	return statement.Board{Line: b.Line, Family: b.Family, Address: b.Address, Channels: b.Channels, LastByteFirst: b.LastByteFirst,
		OpenBit: b.OpenBit, OpenAnswer: b.OpenAnswer, Echo: b.Echo, Sensors: b.Sensors}
}

type point struct{ Board, Channel uint8 }

// doors are compartments in a row: numbers from First to Last on a board's channels from Channel on.
type doors struct {
	First, Last uint16
	Size        parcel.Size
	Board       uint8
	Channel     uint8
}

// readMachine makes the certificate of a described locker, for a guard's key.
func readMachine(path, network string, guard statement.Key) (statement.Locker, error) {
	var m machine
	if err := readTOML(path, &m); err != nil {
		return statement.Locker{}, err
	}
	if m.Interlock == nil {
		return statement.Locker{}, fmt.Errorf("%s: it must be said whether interlock is true or false", path)
	}
	l := statement.Locker{Network: network, ID: m.ID, Zone: m.Zone, Guard: guard, Interlock: *m.Interlock}
	for _, b := range m.Boards {
		l.Boards = append(l.Boards, b.made())
	}
	for _, pair := range []struct {
		from *point
		to   **statement.Point
	}{{m.Inputs.Gate, &l.Inputs.Gate}, {m.Inputs.Case, &l.Inputs.Case}, {m.Inputs.Jumper, &l.Inputs.Jumper}} {
		if pair.from != nil {
			*pair.to = &statement.Point{Board: pair.from.Board, Channel: pair.from.Channel}
		}
	}
	if err := m.fill(&l); err != nil {
		return l, fmt.Errorf("%s: %w", path, err)
	}
	return l, l.Check()
}

func (m machine) fill(l *statement.Locker) error {
	low := map[uint16]bool{}
	for _, number := range m.Low {
		low[number] = true
	}
	for _, row := range m.Compartments {
		if row.First == 0 || row.Last < row.First || row.Last-row.First >= statement.MaxCompartments {
			return fmt.Errorf("compartments from %d to %d", row.First, row.Last)
		}
		for i := range row.Last - row.First + 1 {
			number, channel := row.First+i, uint16(row.Channel)+i
			if channel > 255 {
				return fmt.Errorf("compartment %d would have channel %d", number, channel)
			}
			l.Compartments = append(l.Compartments, statement.Compartment{Number: number, Size: uint8(row.Size), Low: low[number],
				Board: row.Board, Channel: uint8(channel)})
			delete(low, number)
		}
	}
	for number := range low {
		return fmt.Errorf("low names compartment %d, which is not there", number)
	}
	return nil
}
