package ledger

import (
	"slices"
	"testing"

	"lockstep/guard/statement"
	"lockstep/internal/fault"
	"lockstep/notifier/internal/chaintest"
)

// shop is a merchant whose software seals: its range is the tests' own.
func shop(key *statement.Signer) statement.ContactKey {
	return statement.ContactKey{Network: "test", Merchant: "Book shop", Prefix: "10000", Key: key.Key(), Serial: 1}
}

// K02: whoever holds the hub makes the notifier accept a fresh key, or a range that overlaps, and signs contacts with it.
func TestFreshKeyForAnotherMerchant(t *testing.T) {
	each(t, func(b *bench) {
		merchant, thief := chaintest.Signer(b), chaintest.Signer(b)
		key := shop(merchant)
		add := func(key statement.ContactKey, by ...*statement.Signer) string {
			_, err := b.book.AddContactKey(b.Context(), chaintest.ContactKey(b, key, by...))
			code, _ := fault.Public(err)
			return map[bool]string{true: "", false: code}[err == nil]
		}
		if got := add(key, b.network.Operators[0], b.network.Operators[1]); got != "" {
			b.Fatal(got)
		}
		fresh := func(change func(*statement.ContactKey)) statement.ContactKey {
			k := key
			k.Key, k.Serial = thief.Key(), 2
			change(&k)
			return k
		}
		same := func(*statement.ContactKey) {}
		operators := b.network.Operators
		for name, c := range map[string]struct {
			key  statement.ContactKey
			by   []*statement.Signer
			want string
		}{
			"signed by itself":               {fresh(same), []*statement.Signer{thief}, "key"},
			"signed by the hub":              {fresh(same), []*statement.Signer{b.network.Dispatch}, "key"},
			"signed by one operator":         {fresh(same), operators[:1], "persons"},
			"as if it were the first":        {fresh(func(k *statement.ContactKey) { k.Serial = 1 }), operators[:2], "serial"},
			"a serial left out":              {fresh(func(k *statement.ContactKey) { k.Serial = 3 }), operators[:2], "serial"},
			"another merchant, same range":   {fresh(func(k *statement.ContactKey) { k.Merchant = "Shoe shop" }), operators[:2], "range"},
			"another merchant, inside":       {fresh(func(k *statement.ContactKey) { k.Merchant, k.Prefix, k.Serial = "Shoe shop", "1000000", 1 }), operators[:2], "overlap"},
			"another merchant, around":       {fresh(func(k *statement.ContactKey) { k.Merchant, k.Prefix, k.Serial = "Shoe shop", "1", 1 }), operators[:2], "overlap"},
			"noise instead of another's key": {fresh(func(k *statement.ContactKey) { k.Network = "other" }), operators[:2], "network"},
		} {
			if got := add(c.key, c.by...); got != c.want {
				b.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
		number := int64(0)
		read := func(bundle []byte) bool { // the same by the feed
			number++
			taken, err := b.book.ReadContactKey(b.Context(), number, bundle, b.now)
			must(b.T, err)
			return taken
		}
		if read(chaintest.ContactKey(b, fresh(same), thief)) || read([]byte("noise")) || !slices.Equal(b.alarms(), []string{"contact key refused", "contact key refused"}) {
			b.Errorf("by the feed: alarms %q", b.alarms())
		}
		barcode := chaintest.Barcode(1)
		if b.pinSealed(barcode, chaintest.SignContact(b, b.network, thief, boris, barcode), "s1") {
			b.Error("a contact under the thief's key was pinned")
		}
		if !b.pinSealed(barcode, chaintest.SignContact(b, b.network, merchant, anna, barcode), "s1") {
			b.Error("the merchant's contact was refused")
		}
		code := b.guard.Store(barcode, 1, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + code.Code)
		if place, err := b.book.ContactKeysRead(b.Context()); err != nil || place != number {
			b.Errorf("the feed's place is %d, %v", place, err)
		}
	})
}

// The next key is signed by the old one, which is no key any more afterwards; what is handed in again changes nothing.
func TestKeyRotation(t *testing.T) {
	each(t, func(b *bench) {
		old, next := chaintest.Signer(b), chaintest.Signer(b)
		key := shop(old)
		first := chaintest.ContactKey(b, key, b.network.Operators[0], b.network.Operators[1])
		_, err := b.book.AddContactKey(b.Context(), first)
		must(b.T, err)
		must(b.T, second(b.book.AddContactKey(b.Context(), first)))
		key.Key, key.Serial = next.Key(), 2
		held, err := b.book.AddContactKey(b.Context(), chaintest.ContactKey(b, key, old))
		if err != nil || held.Serial != 2 {
			b.Fatal(held, err)
		}
		one, two := chaintest.Barcode(1), chaintest.Barcode(2)
		if b.pinSealed(one, chaintest.SignContact(b, b.network, old, anna, one), "s1") || !b.pinSealed(two, chaintest.SignContact(b, b.network, next, anna, two), "s2") {
			b.Error("the old key signs on, or the new one does not")
		}
		status, err := b.book.Status(b.Context())
		must(b.T, err)
		if len(status.ContactKeys) != 1 || status.ContactKeys[0].Serial != 2 || status.ContactKeys[0].Key != next.Key().Fingerprint() || status.Alarms["contact signature"] != 1 {
			b.Errorf("%+v", status)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// In a range with a contact key the hub's own seal is not believed; what is for another barcode (B03) is not, whoever signed it.
func TestSealedByTheHub(t *testing.T) {
	each(t, func(b *bench) {
		merchant := chaintest.Signer(b)
		barcode, other := chaintest.Barcode(1), chaintest.Barcode(2)
		if !b.pin(3, anna, "s3") {
			b.Error("a range without a key")
		}
		must(b.T, second(b.book.AddContactKey(b.Context(), chaintest.ContactKey(b, shop(merchant), b.network.Operators[0], b.network.Operators[1]))))
		signed := func(barcode string, sealed []byte) []byte {
			envelope, err := statement.Sign(merchant, statement.SealedContact{Barcode: barcode, Sealed: sealed})
			must(b.T, err)
			return envelope
		}
		for _, c := range []struct {
			name   string
			sealed []byte
			alarm  doubt
		}{
			{"the hub's own", chaintest.SealContact(b, b.network, boris, barcode), unsigned},
			{"the hub's own envelope", chaintest.SignContact(b, b.network, b.network.Dispatch, boris, barcode), misSigned},
			{"another parcel's envelope", chaintest.SignContact(b, b.network, merchant, boris, other), unreadable},
			{"another parcel's seal, signed for this one", signed(barcode, chaintest.SealContact(b, b.network, boris, other)), unreadable},
			{"no contact", signed(barcode, chaintest.SealContact(b, b.network, `{}`, barcode)), unusable},
		} {
			if b.pinSealed(barcode, c.sealed, "s1") || b.alarms()[0] != string(c.alarm) {
				b.Errorf("%s: alarms %q", c.name, b.alarms())
			}
		}
		if !b.pinSealed(barcode, chaintest.SignContact(b, b.network, merchant, anna, barcode), "s1") {
			b.Error("the merchant's own was refused")
		}
		code := b.guard.Store(barcode, 1, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + code.Code)
	})
}

// B08, D05: who holds the hub, or the merchant's key, changes the contact of a parcel in a locker and asks for new codes. All of
// them go to the old contact, who also hears of the attempt, once; at the fourth there is an alarm and no code at all.
func TestContactChangeAfterDeposit(t *testing.T) {
	each(t, func(b *bench) {
		merchant := chaintest.Signer(b)
		must(b.T, second(b.book.AddContactKey(b.Context(), chaintest.ContactKey(b, shop(merchant), b.network.Operators[0], b.network.Operators[1]))))
		barcode := chaintest.Barcode(1)
		b.pinSealed(barcode, chaintest.SignContact(b, b.network, merchant, anna, barcode), "s1")
		code := b.guard.Store(barcode, 1, 72)
		b.upload()
		b.wants("stored sms +79161234567 " + code.Code)
		for range 3 {
			if b.pinSealed(barcode, chaintest.SignContact(b, b.network, merchant, boris, barcode), "s1") {
				b.Fatal("the contact was changed")
			}
		}
		b.wants("redirect sms +79161234567")
		for range maxReissues {
			code = b.guard.Reissue(barcode, 1)
			b.upload()
			b.wants("reissued sms +79161234567 " + code.Code)
		}
		b.guard.Reissue(barcode, 1)
		b.upload()
		b.wants()
		if got := b.alarms(); !slices.Equal(got, []string{"too many codes", "contact changed", "contact changed", "contact changed"}) {
			b.Errorf("alarms %q", got)
		}
	})
}
