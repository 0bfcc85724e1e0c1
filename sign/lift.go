package sign

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/sign/desk"
)

type liftNew struct {
	Locker  string `help:"The locker's id."`
	Record  uint64 `help:"Number of the record that began the lockdown."`
	Hash    string `help:"That record's chain hash, 64 hexadecimal digits."`
	Stretch string `help:"Instead of number and hash: file with a stretch of the locker's journal that holds the record."`
	charterFlag
	certificateFlag
	keyFlag
	outFlag
}

func (n liftNew) Run(d *desk.Desk) error {
	charter, err := n.charterFlag.read(d)
	if err != nil {
		return err
	}
	l, err := n.certificateFlag.read(d, charter)
	if err != nil {
		return err
	}
	lift, why, err := n.lift(l)
	if err != nil {
		return err
	}
	return liftPaper(lift, statement.Bundle{}, charter, why).cosign(d, n.Key, n.Out)
}

// lift names the lockdown, and says why it was raised where the guard's own record was seen and verified.
func (n liftNew) lift(l *statement.Locker) (statement.Lift, string, error) {
	if n.Stretch != "" {
		if l == nil || n.Locker != "" && n.Locker != l.ID {
			return statement.Lift{}, "", errors.New("a stretch is verified by the certificate of its locker: say --certificate")
		}
		return lockdownIn(n.Stretch, *l)
	}
	hash, err := hex.DecodeString(strings.ReplaceAll(n.Hash, " ", ""))
	if err != nil || len(hash) != len(statement.Hash{}) {
		return statement.Lift{}, "", errors.New("--hash is the record's chain hash, 64 hexadecimal digits")
	}
	lift := statement.Lift{Locker: n.Locker, Record: n.Record, Hash: statement.Hash(hash)}
	return lift, "", lift.Check()
}

// lockdownIn finds the last lockdown in a stretch that the locker's guard has signed.
func lockdownIn(path string, l statement.Locker) (lift statement.Lift, why string, err error) {
	data, err := readFile(path)
	if err != nil {
		return lift, "", err
	}
	var s journal.Stretch
	if err := statement.Decode(data, &s); err != nil || len(s.Records) == 0 {
		return lift, "", fmt.Errorf("%s is not a stretch of a journal", path)
	}
	first, err := journal.Decode(s.Records[0])
	if err != nil || first.Number == 0 {
		return lift, "", fmt.Errorf("%s is not a stretch of a journal", path)
	}
	records, _, err := s.Verify(journal.Position{Number: first.Number - 1, Hash: first.Prev}, l.ID, l.Guard)
	if err != nil {
		return lift, "", fmt.Errorf("%s: %w", path, err)
	}
	for _, r := range records {
		switch r.Kind {
		case journal.Lockdown:
			lift, why = statement.Lift{Locker: l.ID, Record: r.Number, Hash: r.Hash()}, r.Reason
		case journal.Lifted:
			lift, why = statement.Lift{}, ""
		}
	}
	if lift.Record == 0 {
		return lift, "", fmt.Errorf("%s holds no lockdown that stands", path)
	}
	return lift, why, nil
}

type liftFiles struct {
	Files []string `arg:"" help:"The lift as others have signed it: its LSO: text, or files."`
	charterFlag
}

func (f liftFiles) paper(d *desk.Desk) (*paper[statement.Lift], error) {
	charter, err := f.read(d)
	if err != nil {
		return nil, err
	}
	lift, bundle, err := load[statement.Lift](d, f.Files)
	if err != nil {
		return nil, err
	}
	return liftPaper(lift, bundle, charter, ""), nil
}

func liftPaper(l statement.Lift, bundle statement.Bundle, charter statement.Charter, why string) *paper[statement.Lift] {
	return &paper[statement.Lift]{
		said: l, bundle: bundle,
		sides:    []side{{"operators", charter.Operators, max(2, int(charter.Operators.Threshold))}},
		complete: func(e [][]byte) error { _, _, err := statement.VerifyLift(e, charter); return err },
		words:    func(d *desk.Desk) { sayLift(d, l, why) },
		what:     "the record's number and the locker's id", want: fmt.Sprintf("%d %s", l.Record, l.Locker),
		addressee: "the hub, which sends it down, or to the kiosk's scanner", shown: true,
	}
}

func sayLift(d *desk.Desk, l statement.Lift, why string) {
	d.Say("")
	d.Say("LIFT: a lockdown ends. No door opens by this; recipients and couriers can open theirs again.")
	d.Say("")
	d.Say("  locker  %s", l.Locker)
	d.Say("  record  %d, hash %s", l.Record, hex.EncodeToString(l.Hash[:]))
	if why != "" {
		d.Say("  raised  %s, says the guard's own record, verified", why)
	} else {
		d.Say("  raised  UNVERIFIED: compare number and hash with the hub, and hear from the locker why it was raised")
	}
	d.Say("  expiry  with that lockdown; the guard refuses it while the cause stands")
}
