package sign

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

// service is a technician's session with one guard: a challenge, then answers over it that rise by one.
type service struct {
	Challenge string `arg:"" optional:"" default:"-" help:"The challenge on the kiosk's screen: its LSQ: text, a file with it, or - to paste it. The guard waits 60 seconds for the first answer."`
	charterFlag
	certificateFlag
	keyFlag
}

func (s service) Run(d *desk.Desk) error {
	charter, err := s.charterFlag.read(d)
	if err != nil {
		return err
	}
	l, err := s.certificateFlag.read(d, charter)
	if err != nil {
		return err
	}
	key, err := choose(d, s.Key, technician(charter))
	if err != nil {
		return err
	}
	defer key.close()
	signer, err := key.open()
	if err != nil {
		return err
	}
	key.open = func() (*statement.Signer, error) { return signer, nil } // the passphrase is typed before the 60 seconds run
	c, err := readChallenge(d, s.Challenge, l)
	if err != nil {
		return err
	}
	return serve(d, key, c, l)
}

// technician says whether a key is a technician's.
func technician(charter statement.Charter) func(statement.Key) error {
	return func(k statement.Key) error {
		if charter.Technicians.Person(k.ID()) == "" {
			return fmt.Errorf("the charter does not name the key %s among its technicians", k.Fingerprint())
		}
		return nil
	}
}

// task is what a technician can ask for: what is typed, what it does, and over which challenge it can be said.
type task struct {
	word    string
	task    statement.Task
	means   string
	purpose statement.Purpose
	last    bool // nothing follows it
}

var tasks = []task{
	{"walk", statement.TaskWalk, "walk-test: every door is tried in turn; empty compartments open by a press, the others by the mechanical key", statement.ForService, false},
	{"commission", statement.TaskCommission, "an exchanged board is read as described; its doors open for nobody until each has been tried", statement.ForService, false},
	{"end", statement.TaskEnd, "the session ends and the kiosk shows the receipt", statement.ForService, true},
	{"empty", statement.TaskEmpty, "the compartment that the override opened IS EMPTY: it may be used again", statement.ForOverride, true},
	{"notempty", statement.TaskNotEmpty, "something is still inside the compartment that the override opened: nothing changes", statement.ForOverride, true},
}

func serve(d *desk.Desk, key *chosen, c statement.Challenge, l *statement.Locker) error {
	if c.Purpose == statement.ForCourier {
		return errors.New("this challenge is for a courier")
	}
	d.Say("")
	d.Say("The guard of the locker %s asks what its technician wants (challenge %d of start %d).", c.Locker, c.Counter, c.Boot)
	if l == nil {
		sayUnverified(d)
	}
	for number := uint32(1); ; {
		done, err := serveOne(d, key, c, l, number)
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			number++
		case errors.As(err, new(slip)):
			d.Say("%s", err)
		default:
			return err
		}
	}
}

// slip is a mistake in typing: it is said, and asked again.
type slip struct{ error }

func serveOne(d *desk.Desk, key *chosen, c statement.Challenge, l *statement.Locker, number uint32) (done bool, err error) {
	line, err := d.Line("What? " + choices(c.Purpose) + ": ")
	if err != nil {
		return false, err
	}
	words := strings.Fields(line)
	if len(words) == 1 && words[0] == "quit" {
		return true, nil
	}
	s := statement.Service{Locker: c.Locker, Nonce: c.Nonce, Number: number}
	t, err := read(words, c.Purpose, &s, l)
	if err != nil {
		return false, slip{err}
	}
	d.Say("Answer %d to the locker %s: %s.", number, c.Locker, t.means)
	if s.Board != nil {
		d.Say("  board %d: %s", s.Index, boardWords(*s.Board))
	}
	if err := d.Confirm("the locker's id", c.Locker); err != nil {
		return false, slip{err}
	}
	envelope, err := signWith(key, s)
	if err != nil {
		return false, err
	}
	show(d, prefixAnswer, statement.Encode(statement.Presentation{Answer: envelope}))
	return t.last, nil
}

func choices(p statement.Purpose) string {
	var out []string
	for _, t := range tasks {
		if t.purpose == p {
			out = append(out, t.word)
		}
	}
	return strings.ReplaceAll(strings.Join(append(out, "quit"), " · "), "commission", "commission BOARD FILE")
}

// read makes the answer that a technician's words ask for.
func read(words []string, p statement.Purpose, s *statement.Service, l *statement.Locker) (task, error) {
	for _, t := range tasks {
		if len(words) == 0 || words[0] != t.word || t.purpose != p {
			continue
		}
		s.Task = t.task
		if t.task == statement.TaskCommission {
			return t, exchange(words[1:], s, l)
		}
		if len(words) > 1 {
			return t, fmt.Errorf("%s stands alone", t.word)
		}
		return t, s.Check()
	}
	return task{}, errors.New("not one of these words")
}

// exchange reads which board was exchanged, and how the new one is read.
func exchange(words []string, s *statement.Service, l *statement.Locker) error {
	if len(words) != 2 {
		return errors.New("commission BOARD FILE: the board's number in the certificate, from 0, and its description in TOML")
	}
	index, err := strconv.ParseUint(words[0], 10, 8)
	if err != nil {
		return errors.New("boards are numbered from 0, as in the certificate")
	}
	var b board
	if err := readTOML(words[1], &b); err != nil {
		return err
	}
	made := b.made()
	s.Index, s.Board = uint8(index), &made
	if l != nil && (int(index) >= len(l.Boards) || l.Boards[index].Line != made.Line) {
		return fmt.Errorf("the locker's certificate has no board %d on the line %s", index, made.Line)
	}
	return s.Check()
}

// recovered signs what a technician took out of a dead locker.
type recovered struct {
	Barcodes []string `arg:"" help:"Barcodes of the parcels, as scanned."`
	Locker   string   `required:"" help:"The locker's id."`
	charterFlag
	keyFlag
	outFlag
}

func (r recovered) Run(d *desk.Desk) error {
	charter, err := r.read(d)
	if err != nil {
		return err
	}
	scans, err := r.scans(d)
	if err != nil {
		return err
	}
	if err := d.Free(r.Out); err != nil {
		return err
	}
	key, err := choose(d, r.Key, technician(charter))
	if err != nil {
		return err
	}
	defer key.close()
	d.Say("")
	d.Say("RECOVERED: you say that you took these %d parcels out of the locker %s with the mechanical key,", len(scans), r.Locker)
	d.Say("at %s by this computer's clock:", d.Now().UTC().Format("2006-01-02 15:04 UTC"))
	for _, s := range scans {
		d.Say("  %s", s.Barcode)
	}
	if err := d.Confirm("the locker's id and the number of parcels", fmt.Sprintf("%s %d", r.Locker, len(scans))); err != nil {
		return err
	}
	signer, err := key.open()
	if err != nil {
		return err
	}
	key.open = func() (*statement.Signer, error) { return signer, nil }
	var envelopes [][]byte
	for _, s := range scans {
		envelope, err := signWith(key, s)
		if err != nil {
			return err
		}
		envelopes = append(envelopes, envelope)
	}
	return d.Write(r.Out, statement.Encode(envelopes))
}

// scans are the statements to sign; every barcode that is wrong or doubled is named, not only the first.
func (r recovered) scans(d *desk.Desk) (out []statement.Recovered, err error) {
	var wrong []string
	for i, barcode := range r.Barcodes {
		s := statement.Recovered{Locker: r.Locker, Barcode: barcode, UTC: d.Now().UnixMicro()}
		if err := s.Check(); err != nil {
			wrong = append(wrong, fmt.Sprintf("%s: %v", barcode, err))
		} else if slices.Contains(r.Barcodes[:i], barcode) {
			wrong = append(wrong, barcode+" stands there twice")
		}
		out = append(out, s)
	}
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(wrong, "; "))
	}
	return out, nil
}
