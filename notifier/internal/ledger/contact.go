package ledger

import (
	"fmt"
	"maps"
	"slices"

	"lockstep/internal/contact"
	"lockstep/notifier/internal/channel"
)

// recipient is an opened contact: where messages go, and in which language. It prints as [redacted].
type recipient struct {
	addresses map[channel.Name]channel.Address
	language  string
}

func (recipient) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[redacted]") }

func (l *Ledger) recipient(sealed []byte, barcode string) (recipient, error) {
	plain, err := l.openContact(sealed, barcode)
	if err != nil {
		return recipient{}, err
	}
	c, err := contact.Decode(plain)
	if err != nil {
		return recipient{}, err
	}
	to := recipient{map[channel.Name]channel.Address{}, c.Language}
	if c.Phone != "" {
		to.addresses[channel.BySMS] = channel.Address(c.Phone)
	}
	if c.Email != "" {
		to.addresses[channel.ByMail] = channel.Address(c.Email)
	}
	return to, nil
}

// reachable are the channels to use: those that are open, or all of the contact's where none of them is.
func (r recipient) reachable(open []channel.Name) []channel.Name {
	all := slices.Sorted(maps.Keys(r.addresses))
	if some := slices.DeleteFunc(slices.Clone(all), func(n channel.Name) bool { return !slices.Contains(open, n) }); len(some) > 0 {
		return some
	}
	return all
}
