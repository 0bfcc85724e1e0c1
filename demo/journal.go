package demo

import (
	"os"

	"lockstep/guard/journal"
)

// Records reads the guard's journal from its disk, as somebody with the box in their hands could.
func (n *Network) Records() ([]journal.Record, error) {
	copied, err := os.MkdirTemp("", "journal")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(copied)
	if err := os.CopyFS(copied, os.DirFS(n.path("guard", "state", "journal"))); err != nil {
		return nil, err
	}
	log, err := journal.Open(copied, func(journal.Entry) error { return nil })
	if err != nil {
		return nil, err
	}
	defer log.Close()
	encoded, err := log.Public(log.First()-1, 1<<30)
	if err != nil {
		return nil, err
	}
	records, _, err := journal.Chain(journal.Position{}, encoded)
	return records, err
}

// PulsesInJournal counts the records that were written before a pulse.
func (n *Network) PulsesInJournal() (int, error) {
	records, err := n.Records()
	count := 0
	for _, r := range records {
		switch r.Kind {
		case journal.DepositIntent, journal.CollectIntent, journal.WithdrawIntent, journal.ReopenIntent, journal.PulseAgain:
			count++
		}
	}
	return count, err
}
