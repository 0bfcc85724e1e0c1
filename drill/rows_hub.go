package drill

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"lockstep/ceremony"
	"lockstep/guard/door"
	"lockstep/guard/journal"
	"lockstep/guard/statement"
	"lockstep/internal/contact"
	"lockstep/merchant"
)

// hubRows: who holds the hub's machine: its database, its logs, its keys.
var hubRows = []Row{
	{ID: "B02", Attack: "the hub's database and logs stolen: every secret of the run searched for, every code and 10⁷ phone numbers guessed against every column", Holds: of(holdsHub), Slow: true,
		Expect: "nothing matches; no contact in clear", Net: databaseStolen, Parcels: 3},
	{ID: "B03", Attack: "SQL: every parcel 'returned', every compartment EMPTY, barcodes and sealed contacts swapped", Holds: of(holdsHub), Expect: "the guard is unaffected; the hub flags it within 60 s; the notifier refuses swapped contacts", Net: rewritten, Lockers: 2, Parcels: 3},
	{ID: "B08", Attack: "hub root: other contacts for 100 parcels, new codes asked for again and again", Holds: of(holdsHub), Expect: "codes go to the first contact or nowhere; at most 3 new codes each; alarms", Net: redirected, Lockers: 5, Parcels: 1},
	{ID: "D05", Attack: "a merchant's signing key: another contact after the deposit, then a new code", Holds: of(holdsStaff), Expect: "refused; the old contact is told, and has the new code", Net: contactChanged},
	{ID: "B04", Attack: "the source, the binaries and every route searched for a verb that opens", Holds: of(holdsHub, holdsLink), Expect: "none leads to a pulse; no way from the link's code to the bus", Net: openVerb, Parcels: 1},
	{ID: "J01", Attack: "hub root drops, reorders, alters, rewrites, truncates and doubles uploads in the database", Holds: of(holdsHub), Expect: "the check names the locker and the record", Net: historyEdited, Parcels: 2},
	{ID: "J02", Attack: "hub root and a merchant's API key mark parcels collected and returned", Holds: of(holdsHub), Expect: "alarm; nothing that no record proves is more than claimed", Net: fakeCustody, Parcels: 2},
	{ID: "J04", Attack: "a copy of a guard's disk, run beside the guard", Holds: of(holdsRoot), Expect: "the first record with two hashes is flagged, with evidence; both are restricted", Net: twoGuards, Parcels: 1},
	{ID: "K01", Attack: "dispatch key, notifier and a hand: new codes for 12 parcels of a locker, all used", Holds: of(holdsNotifier), Expect: "at most 5 new codes an hour; the recipients' caps; alarm", Slow: true, Net: reissuedAll, Parcels: 12, Limits: Limits{Exposed: 10}},
	{ID: "K02", Attack: "hub root: a fresh contact key for a merchant that has one, overlapping ranges, one operator twice; then contacts under it", Holds: of(holdsHub), Expect: "the notifier refuses all of it", Net: newContactKey},
}

// rewritten looks away from O5's usual reading only where the attack itself took a parcel's contact.
func rewritten(ctx context.Context, n *Net) (string, error) {
	p, q, err := n.swapContacts(ctx)
	if err != nil {
		return "", err
	}
	first, second := n.Lockers[0].Locker.ID, n.Lockers[1].Locker.ID
	err = n.inDatabase(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{`UPDATE parcel SET state = 'returned', live = NOT live WHERE state = 'stored'`,
			`UPDATE compartment SET state = 'EMPTY', parcel = '' WHERE locker = '` + first + `'`} {
			if _, err := tx.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		return swapInside(ctx, tx, second)
	})
	if err != nil {
		return "", err
	}
	begun := time.Now()
	for _, locker := range []string{first, second} {
		if err := n.alarm(ctx, locker, "altered", ""); err != nil {
			return "", err
		}
	}
	flagged := time.Since(begun)
	for _, parcel := range []*Parcel{p, q} {
		if err := n.warned(ctx, parcel.Barcode, "contact unreadable"); err != nil {
			return "", err
		}
		if sent := n.bag.to(parcel.Phone); len(sent) > 0 {
			return "", breach("a swapped contact was sent %d messages", len(sent))
		}
	}
	for _, parcel := range n.Parcels {
		if err := n.fetch(ctx, parcel); err != nil {
			return "", breach("a code no longer works: %v", err)
		}
	}
	return fmt.Sprintf("flagged at both lockers after %.0f s; swapped contacts refused; all %d codes still work", flagged.Seconds(), len(n.Parcels)), nil
}

// swapContacts exchanges the contacts of two parcels before the notifier has seen either.
func (n *Net) swapContacts(ctx context.Context) (p, q *Parcel, err error) {
	if err := n.Office.Kill("notifier"); err != nil {
		return nil, nil, err
	}
	if p, err = n.announce(ctx, n.Lockers[0]); err != nil {
		return nil, nil, err
	}
	if q, err = n.announce(ctx, n.Lockers[0]); err != nil {
		return nil, nil, err
	}
	err = n.inDatabase(ctx, func(tx *sql.Tx) error {
		var sealed [2][]byte
		for i, of := range []*Parcel{p, q} {
			if err := tx.QueryRowContext(ctx, `SELECT sealed FROM sealed_contact WHERE barcode = $1`, of.Barcode).Scan(&sealed[i]); err != nil {
				return err
			}
		}
		for i, of := range []*Parcel{q, p} {
			if _, err := tx.ExecContext(ctx, `UPDATE sealed_contact SET sealed = $1 WHERE barcode = $2`, sealed[i], of.Barcode); err != nil {
				return err
			}
		}
		return nil
	})
	return p, q, errors.Join(err, n.Office.Again(ctx, "notifier"))
}

// swapInside exchanges what the hub thinks is in two of a locker's compartments.
func swapInside(ctx context.Context, tx *sql.Tx, locker string) error {
	rows, err := tx.QueryContext(ctx, `SELECT number, parcel FROM compartment WHERE locker = $1 AND parcel <> '' ORDER BY number`, locker)
	if err != nil {
		return err
	}
	defer rows.Close()
	var numbers []int64
	var parcels []string
	for rows.Next() {
		var number int64
		var parcel string
		if err := rows.Scan(&number, &parcel); err != nil {
			return err
		}
		numbers, parcels = append(numbers, number), append(parcels, parcel)
	}
	if err := rows.Err(); err != nil || len(numbers) < 2 {
		return fmt.Errorf("%d parcels at %s: %v", len(numbers), locker, err)
	}
	for i := range 2 {
		if _, err := tx.ExecContext(ctx, `UPDATE compartment SET parcel = $1 WHERE locker = $2 AND number = $3`, parcels[1-i], locker, numbers[i]); err != nil {
			return err
		}
	}
	return nil
}

// thiefsPhone is where the attacker would like codes to go.
const thiefsPhone = "+79990000001"

// redirected has 100 parcels announced, five of them in lockers.
func redirected(ctx context.Context, n *Net) (string, error) {
	all := append([]*Parcel{}, n.Parcels...)
	for len(all) < 100 {
		p, err := n.announce(ctx, n.Lockers[len(all)%len(n.Lockers)])
		if err != nil {
			return "", err
		}
		all = append(all, p)
	}
	if err := n.untilPinned(ctx); err != nil {
		return "", err
	}
	for _, p := range all {
		if err := n.offerContact(ctx, p.Barcode); err != nil {
			return "", err
		}
	}
	if err := n.askAgain(ctx); err != nil {
		return "", err
	}
	for _, p := range all {
		if err := n.warned(ctx, p.Barcode, "contact changed"); err != nil {
			return "", err
		}
	}
	for _, p := range n.Parcels {
		if err := n.renewed(ctx, p); err != nil {
			return "", err
		}
	}
	if sent := n.bag.to(thiefsPhone); len(sent) > 0 {
		return "", breach("the attacker was sent %d messages", len(sent))
	}
	return fmt.Sprintf("%d other contacts refused, an alarm each; one new code for each of %d parcels, to its first contact; the attacker was sent nothing", len(all), len(n.Parcels)), nil
}

// untilPinned waits until the notifier has every contact and the hub none.
func (n *Net) untilPinned(ctx context.Context) error {
	left := -1
	return n.until(ctx, 30*time.Second, "contacts to be pinned", func() bool {
		err := n.inDatabase(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM sealed_contact`).Scan(&left)
		})
		return err == nil && left == 0
	})
}

// offerContact puts the attacker's contact where the notifier fetches a parcel's.
func (n *Net) offerContact(ctx context.Context, barcode string) error {
	to, err := contact.New(thiefsPhone, "", "Nobody", "en")
	if err != nil {
		return err
	}
	sealed, err := statement.SealContact(n.Network.Charter.Notifier, to.Encode(), barcode)
	if err != nil {
		return err
	}
	return n.rewrite(ctx, `INSERT INTO sealed_contact (barcode, sealed, created) VALUES ($1, $2, $3)`, barcode, sealed, n.now())
}

func (n *Net) now() int64 { return n.Office.Clock.Now().UnixMicro() }

// askAgain asks for new codes as operators can, and then past the hub's own bounds with its dispatch key, four times each.
func (n *Net) askAgain(ctx context.Context) error {
	for _, p := range n.Parcels {
		if err := n.Office.HubCommand(nil, "parcel", "reissue", p.Barcode); err != nil {
			return err
		}
		if n.Office.HubCommand(nil, "parcel", "reissue", p.Barcode) == nil && n.requests(ctx, p) > 1 {
			return breach("the hub asked for a second code at once")
		}
		again := statement.Restriction{Kind: statement.Reissue, Barcode: p.Barcode}
		if err := n.inject(ctx, p.At, again, again, again, again); err != nil {
			return err
		}
	}
	return n.restartHub(ctx)
}

// requests counts what was asked of a parcel's locker, as the hub has it.
func (n *Net) requests(ctx context.Context, p *Parcel) (count int) {
	_ = n.inDatabase(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM request WHERE subject = $1`, p.Barcode).Scan(&count)
	})
	return count
}

// renewed says that a parcel has had exactly one new code, that its recipient has it, and that it is the one that opens.
func (n *Net) renewed(ctx context.Context, p *Parcel) error {
	if err := n.untilTaken(ctx, p.At); err != nil {
		return err
	}
	given, err := p.At.reissued(ctx, p.Barcode)
	if err != nil || given != 1 {
		return breach("%d new codes within ten minutes: %v", given, err)
	}
	if _, err := n.code(ctx, p, n.firstCode(p)); err != nil {
		return breach("the new code did not come to the first contact: %v", err)
	}
	return n.fetch(ctx, p)
}

// firstCode is the first that a recipient was sent.
func (n *Net) firstCode(p *Parcel) string {
	for _, m := range n.bag.to(p.Phone) {
		if len(m.Codes) > 0 {
			return m.Codes[0]
		}
	}
	return ""
}

// reissued counts the new codes that a journal tells of; of all parcels for "".
func (b *Bench) reissued(ctx context.Context, barcode string) (given int, err error) {
	records, err := b.Records(ctx)
	for _, r := range records {
		if r.Kind == journal.Reissued && (barcode == "" || r.Parcel == barcode) {
			given++
		}
	}
	return given, err
}

// inject puts statements into a locker's down stream, as whoever has the hub's database and its dispatch key can. Their numbers are
// the stream's next.
func (n *Net) inject(ctx context.Context, b *Bench, statements ...statement.Statement) error {
	return n.inDatabase(ctx, func(tx *sql.Tx) error {
		for _, s := range statements {
			if err := n.queue(ctx, tx, b.Locker.ID, s); err != nil {
				return err
			}
		}
		return nil
	})
}

func (n *Net) queue(ctx context.Context, tx *sql.Tx, locker string, s statement.Statement) error {
	var number uint64
	err := tx.QueryRowContext(ctx, `INSERT INTO down_stream (locker, last) VALUES ($1, 1)
		ON CONFLICT (locker) DO UPDATE SET last = down_stream.last + 1 RETURNING last`, locker).Scan(&number)
	if err != nil {
		return err
	}
	envelope, err := signRaw(n.Network.Dispatch, addressed(s, locker, number))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO down (locker, number, envelope, made) VALUES ($1, $2, $3, $4)`, locker, int64(number), envelope, n.now())
	return err
}

// addressed is a statement of dispatch's with its place in a stream.
func addressed(s statement.Statement, locker string, number uint64) statement.Statement {
	switch s := s.(type) {
	case statement.Manifest:
		s.Locker, s.Number = locker, number
		return s
	case statement.Restriction:
		s.Locker, s.Number = locker, number
		return s
	case statement.Permit:
		s.Locker, s.Number = locker, number
		return s
	}
	return s
}

// restartHub ends the hub and starts it again: every line looks anew at what waits for it.
func (n *Net) restartHub(ctx context.Context) error {
	if err := n.Office.End("hub"); err != nil {
		return err
	}
	return n.Office.Again(ctx, "hub")
}

// untilTaken waits until a guard has used up all that waits for it.
func (n *Net) untilTaken(ctx context.Context, b *Bench) error {
	return n.until(ctx, time.Minute, "the guard of "+b.Locker.ID+" to take what waits", func() bool {
		var last uint64
		err := n.inDatabase(ctx, func(tx *sql.Tx) error {
			return tx.QueryRowContext(ctx, `SELECT last FROM down_stream WHERE locker = $1`, b.Locker.ID).Scan(&last)
		})
		next, asked := b.next(ctx)
		return err == nil && asked == nil && next > last
	})
}

// shop is the demo merchant with software of its own that seals contacts.
type shop struct {
	network   merchant.Network
	key       merchant.Key
	name      string
	prefix    string
	statement []byte // of the key, as two operators signed it
}

// sealing gives the merchant a contact key that two operators have signed.
func (n *Net) sealing(ctx context.Context) (s shop, err error) {
	charter, err := n.Network.Bundle.Encode()
	if err != nil {
		return s, err
	}
	var known struct{ Merchant, Prefix string }
	if _, err := n.ask(ctx, "GET", "/v1/contact-key", nil, &known); err != nil {
		return s, err
	}
	s.name, s.prefix = known.Merchant, known.Prefix
	if s.network, err = merchant.ReadNetwork(charter); err != nil {
		return s, err
	}
	if s.key, err = merchant.NewKey(); err != nil {
		return s, err
	}
	n.key("a merchant's contact key", string(s.key.Encode()))
	if s.statement, err = n.operatorsSign(s, s.key, 1, n.Network.Operators[:2]...); err != nil {
		return s, err
	}
	a, err := n.ask(ctx, "PUT", "/v1/contact-key", map[string]any{"statement": s.statement}, nil)
	if err != nil || a.Status >= 300 {
		return s, fmt.Errorf("the contact key was refused: %d %s: %v", a.Status, a.Body, err)
	}
	return s, nil
}

// operatorsSign is a contact key's statement, signed by whoever is named.
func (n *Net) operatorsSign(s shop, key merchant.Key, serial uint64, signers ...*statement.Signer) ([]byte, error) {
	request, err := s.network.Request(key, s.name, s.prefix, serial)
	if err != nil {
		return nil, err
	}
	asked, err := statement.DecodeBundle(request)
	if err != nil {
		return nil, err
	}
	wanted, err := statement.ReadUnverified[statement.ContactKey](asked.Envelopes[0])
	if err != nil {
		return nil, err
	}
	signed, err := ceremony.SignAll(wanted, signers...)
	if err != nil {
		return nil, err
	}
	return signed.Encode()
}

// announceSealed is an announcement whose contact the merchant has sealed itself.
func (n *Net) announceSealed(ctx context.Context, s shop, b *Bench) (*Parcel, error) {
	var reserved struct{ Barcodes []string }
	if a, err := n.ask(ctx, "POST", "/v1/barcodes", map[string]any{"count": 1}, &reserved); err != nil || len(reserved.Barcodes) != 1 {
		return nil, fmt.Errorf("no barcode: %d %s: %v", a.Status, a.Body, err)
	}
	p := n.person(b)
	sealed, err := s.network.Seal(s.key, reserved.Barcodes[0], merchant.Contact{Phone: p.Phone, Email: p.Email, Name: p.Name, Language: "en"})
	if err != nil {
		return nil, err
	}
	body := map[string]any{"locker": b.Locker.ID, "parcels": []map[string]any{{"size": "S", "barcode": reserved.Barcodes[0], "sealed_contact": sealed}}}
	if a, err := n.ask(ctx, "POST", "/v1/shipments", body, nil); err != nil || a.Status >= 300 {
		return nil, fmt.Errorf("announcing: %d %s: %v", a.Status, a.Body, err)
	}
	p.Barcode = reserved.Barcodes[0]
	return p, nil
}

func contactChanged(ctx context.Context, n *Net) (string, error) {
	b := n.Lockers[0]
	s, err := n.sealing(ctx)
	if err != nil {
		return "", err
	}
	p, err := n.announceSealed(ctx, s, b)
	if err != nil {
		return "", err
	}
	if err := n.putIn(ctx, b, p); err != nil {
		return "", err
	}
	code, err := n.code(ctx, p, "")
	if err != nil {
		return "", err
	}
	told := len(n.bag.to(p.Phone))
	other, err := s.network.Seal(s.key, p.Barcode, merchant.Contact{Phone: thiefsPhone, Language: "en"})
	if err != nil {
		return "", err
	}
	body := map[string]any{"locker": b.Locker.ID, "parcels": []map[string]any{{"size": "S", "barcode": p.Barcode, "sealed_contact": other}}}
	if a, err := n.ask(ctx, "POST", "/v1/shipments", body, nil); err != nil || a.Status < 400 {
		return "", breach("the hub takes another contact for a parcel in a locker: %d: %v", a.Status, err)
	}
	if err := n.rewrite(ctx, `INSERT INTO sealed_contact (barcode, sealed, created) VALUES ($1, $2, $3)`, p.Barcode, other, n.now()); err != nil {
		return "", err
	}
	if err := n.warned(ctx, p.Barcode, "contact changed"); err != nil {
		return "", err
	}
	if err := n.until(ctx, 30*time.Second, "the old contact to be told", func() bool { return len(n.bag.to(p.Phone)) > told }); err != nil {
		return "", breach("the old contact was not told: %v", err)
	}
	if err := n.Office.HubCommand(nil, "parcel", "reissue", p.Barcode); err != nil {
		return "", err
	}
	if err := n.restartHub(ctx); err != nil {
		return "", err
	}
	if _, err := n.code(ctx, p, code); err != nil {
		return "", breach("the new code did not come to the old contact: %v", err)
	}
	if sent := n.bag.to(thiefsPhone); len(sent) > 0 {
		return "", breach("the other contact was sent %d messages", len(sent))
	}
	if err := n.fetch(ctx, p); err != nil {
		return "", err
	}
	return "409 at the hub, refused with an alarm at the notifier; the old contact was told and has the new code", n.unseal(ctx)
}

// unseal lets O5's merchant announce plain recipients again: another one does.
func (n *Net) unseal(ctx context.Context) error {
	var other struct{ Key string }
	err := n.Office.HubCommand(&other, "merchant", "add", "Another shop")
	n.Office.APIKey = other.Key
	n.key("another API key", other.Key)
	return err
}

func newContactKey(ctx context.Context, n *Net) (string, error) {
	s, err := n.sealing(ctx)
	if err != nil {
		return "", err
	}
	if p, err := n.announceSealed(ctx, s, n.Lockers[0]); err != nil { // the honest key works
		return "", err
	} else if err := first(func() error { return n.putIn(ctx, n.Lockers[0], p) }, func() error { _, err := n.code(ctx, p, ""); return err }, func() error { return n.fetch(ctx, p) }); err != nil {
		return "", err
	}
	fresh, err := merchant.NewKey()
	if err != nil {
		return "", err
	}
	tries, err := n.forgedKeys(s, fresh)
	if err != nil {
		return "", err
	}
	refused := 0
	for name, try := range tries {
		if a, err := n.ask(ctx, "PUT", "/v1/contact-key", map[string]any{"statement": try}, nil); err != nil || a.Status < 400 {
			return "", breach("%s: the hub takes it: %d: %v", name, a.Status, err)
		}
	}
	for _, try := range tries { // and past the hub
		if err := n.rewrite(ctx, `INSERT INTO contact_key (number, merchant, statement, created)
			SELECT MAX(number) + 1, MAX(merchant), CAST($1 AS `+n.blob()+`), $2 FROM contact_key`, try, n.now()); err != nil {
			return "", err
		}
		refused++
	}
	p := n.person(n.Lockers[0])
	p.Barcode = s.prefix + strings.Repeat("9", 11-len(s.prefix))
	p.Barcode += string(statement.GS1CheckDigit(p.Barcode))
	if err := n.offerSigned(ctx, s, fresh, p); err != nil {
		return "", err
	}
	if err := n.warned(ctx, p.Barcode, "contact signature"); err != nil {
		return "", err
	}
	if err := n.warned(ctx, "", "contact key refused"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d forged contact keys refused by hub and notifier; a contact under the fresh key: its signature is nobody's", refused), n.unseal(ctx)
}

// blob is what the engine calls bytes.
func (n *Net) blob() string {
	if strings.HasPrefix(n.Office.Database, "postgres") {
		return "BYTEA"
	}
	return "BLOB"
}

// forgedKeys are statements of a fresh key that neither the key before nor two operators have signed.
func (n *Net) forgedKeys(s shop, fresh merchant.Key) (tries map[string][]byte, err error) {
	one := n.Network.Operators[0]
	tries = map[string][]byte{}
	add := func(name string, prefix string, serial uint64, signers ...*statement.Signer) {
		of := s
		of.prefix = prefix
		if err == nil {
			tries[name], err = n.operatorsSign(of, fresh, serial, signers...)
		}
	}
	add("one operator", s.prefix, 2, one)
	add("one operator twice", s.prefix, 2, one, one)
	add("dispatch and time key", s.prefix, 2, n.Network.Dispatch, n.Network.Time[0])
	add("two operators, the serial before", s.prefix, 1, n.Network.Operators[:2]...)
	add("two operators, a serial left out", s.prefix, 3, n.Network.Operators[:2]...)
	add("two operators, half the range of another", s.prefix+"1", 1, n.Network.Operators[:2]...)
	add("two operators, a range that holds another", s.prefix[:3], 1, n.Network.Operators[:2]...)
	if err != nil {
		return nil, err
	}
	tries["by itself"], err = s.network.Request(fresh, s.name, s.prefix, 2)
	return tries, err
}

// offerSigned puts a contact under a key where the notifier fetches contacts. The feed shows none but parcels', so it makes one.
func (n *Net) offerSigned(ctx context.Context, s shop, key merchant.Key, p *Parcel) error {
	sealed, err := s.network.Seal(key, p.Barcode, merchant.Contact{Phone: thiefsPhone, Language: "en"})
	if err != nil {
		return err
	}
	return n.inDatabase(ctx, func(tx *sql.Tx) error {
		var shipment, columns string
		if err := tx.QueryRowContext(ctx, `SELECT MAX(id) FROM shipment`).Scan(&shipment); err != nil {
			return err
		}
		columns = `shipment, merchant, locker, carrier, place, size, low, weight_g, reference, state, hold, compartment, stored, due, events, created, changed, live`
		result, err := tx.ExecContext(ctx, `INSERT INTO parcel (barcode, token, `+columns+`) SELECT $1, $2, `+columns+` FROM parcel WHERE shipment = $3`,
			p.Barcode, fmt.Sprintf("drill-%s", p.Barcode), shipment)
		if err != nil {
			return err
		}
		if made, err := result.RowsAffected(); err != nil || made != 1 {
			return fmt.Errorf("%d parcels were made: %v", made, err)
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO sealed_contact (barcode, sealed, created) VALUES ($1, $2, $3)`, p.Barcode, sealed, n.now())
		return err
	})
}

// reissuedAll: the notifier's key reads every new code as it comes.
func reissuedAll(ctx context.Context, n *Net) (string, error) {
	b := n.Lockers[0]
	var all []statement.Statement
	for range 2 { // as many as the stream's pace allows
		for _, p := range n.Parcels {
			all = append(all, statement.Restriction{Kind: statement.Reissue, Barcode: p.Barcode})
		}
	}
	if err := first(func() error { return n.inject(ctx, b, all...) }, func() error { return n.restartHub(ctx) }, func() error { return n.untilTaken(ctx, b) }); err != nil {
		return "", err
	}
	given, err := b.reissued(ctx, "")
	if err != nil || given > 5 {
		return "", breach("%d new codes in an hour: %v", given, err)
	}
	begun, opened := b.Lived(), 0
	for _, p := range n.Parcels {
		v, err := patiently(func() (door.View, error) {
			reply, err := b.answered(ctx, door.KioskRequest{Verb: door.Code, Code: b.Codes[p.Barcode].Code})
			switch {
			case err != nil:
				return door.View{}, err
			case reply.Reason == door.Budget:
				return door.View{}, errBudget
			case !reply.Accepted:
				return door.View{}, fmt.Errorf("a stolen code: %s", reply.Reason)
			}
			return b.pressed(ctx, Thief)
		})
		if errors.Is(err, errBudget) {
			break
		}
		if err != nil {
			return "", err
		}
		if _, err := b.shut(ctx, Thief, v.Compartment); err != nil {
			return "", err
		}
		opened++
	}
	most := max(10, len(b.Locker.Compartments)/3)
	if opened > most {
		return "", breach("%d doors in %s", opened, b.Lived()-begun)
	}
	if err := n.alarm(ctx, b.Locker.ID, "guard", "many openings by recipients"); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d of %d new codes; %d doors, then the budget; alarm", given, 2*len(n.Parcels), opened), nil
}
