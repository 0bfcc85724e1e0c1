package courier_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lockstep/guard/statement"
	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// waiting lists the devices that nobody was told of yet.
func (o *office) waiting(t *testing.T) (keys []statement.KeyID) {
	t.Helper()
	list, err := o.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range list {
		if r.Carrier != "swift" || r.Made != o.now.UnixMicro() {
			t.Errorf("%+v", r)
		}
		keys = append(keys, r.Key)
	}
	return keys
}

func TestARevokedDeviceGetsNothingMore(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p, _ := o.enrol(t, "anna")
		spare := o.expect(t, "anna")
		if err := o.Revoke(t.Context(), "anna"); err != nil {
			t.Fatal(err)
		}
		if got := o.waiting(t); !slices.Equal(got, []statement.KeyID{p.key.ID()}) {
			t.Errorf("waiting: %v", got)
		}
		o.now = o.now.Add(8 * 24 * time.Hour)
		if _, err := o.renew(t, "anna", p); code(err) != "not_enrolled" || fault.KindOf(err) != fault.Denied {
			t.Errorf("a revoked device was renewed: %v", err)
		}
		if _, err := o.Enrol(t.Context(), spare, p.key, p.sign(t, courier.EnrolmentMessage(spare))); code(err) != "unknown_token" {
			t.Errorf("the link that was not used: %v", err)
		}
		if err := o.Revoke(t.Context(), "nobody"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nobody was revoked: %v", err)
		}
		if _, c := o.enrol(t, "anna"); len(c.Certificate) == 0 {
			t.Error("a revoked courier cannot come back with another phone")
		}
	})
}

// A courier without a phone has nothing to revoke but the link.
func TestAnUnusedLinkIsRevoked(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		p, link := newPhone(t), o.expect(t, "anna")
		for range 2 {
			if err := o.Revoke(t.Context(), "anna"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := o.Enrol(t.Context(), link, p.key, p.sign(t, courier.EnrolmentMessage(link))); code(err) != "unknown_token" {
			t.Errorf("the link: %v", err)
		}
		if got := o.waiting(t); len(got) != 0 {
			t.Errorf("waiting: %v", got)
		}
	})
}

func TestAnotherPhoneRevokesTheOneBefore(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		old, _ := o.enrol(t, "anna")
		if got := o.waiting(t); len(got) != 0 {
			t.Fatalf("a first phone revoked %v", got)
		}
		replaced, _ := o.enrol(t, "anna")
		if got := o.waiting(t); !slices.Equal(got, []statement.KeyID{old.key.ID()}) || old.key.Equal(replaced.key) {
			t.Errorf("waiting: %v", got)
		}
		o.now = o.now.Add(8 * 24 * time.Hour)
		if _, err := o.renew(t, "anna", old); fault.KindOf(err) != fault.Denied {
			t.Errorf("the old phone was renewed: %v", err)
		}
	})
}

func TestRevocationsAreToldUntilHeard(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		silent := errors.New("no answer")
		first, second := statement.KeyID{1}, statement.KeyID{2}
		for _, key := range []statement.KeyID{first, second, first} {
			if err := o.RevokeKey(t.Context(), "swift", key); err != nil {
				t.Fatal(err)
			}
		}
		var told []statement.KeyID
		tell := func(_ context.Context, r courier.Revocation) error {
			if r.Key == first && len(told) == 0 {
				told = append(told, statement.KeyID{})
				return silent
			}
			told = append(told, r.Key)
			return nil
		}
		if err := o.Tell(t.Context(), tell); !errors.Is(err, silent) {
			t.Errorf("the failure is hidden: %v", err)
		}
		if got := o.waiting(t); !slices.Equal(got, []statement.KeyID{first}) {
			t.Errorf("waiting after a failure: %v", got)
		}
		for range 2 {
			if err := o.Tell(t.Context(), tell); err != nil {
				t.Error(err)
			}
		}
		if want := []statement.KeyID{{}, second, first}; !slices.Equal(told, want) {
			t.Errorf("told %v", told)
		}
	})
}

func TestRevocationsAreBounded(t *testing.T) {
	o := newOffice(t, carrierTables(t))
	for i := range 500 {
		if err := o.RevokeKey(t.Context(), "swift", statement.KeyID{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
	more := func() error { return o.RevokeKey(t.Context(), "swift", statement.KeyID{15: 1}) }
	if err := more(); fault.KindOf(err) != fault.Conflict {
		t.Errorf("one too many: %v", err)
	}
	if err := o.RevokeKey(t.Context(), "other", statement.KeyID{15: 1}); err != nil {
		t.Errorf("another carrier suffers: %v", err)
	}
	o.now = o.now.Add(15 * 24 * time.Hour)
	if err := o.Tell(t.Context(), nil); err != nil { // none of them matters any more: nobody is told
		t.Error(err)
	}
	if err := more(); err != nil {
		t.Errorf("after their time: %v", err)
	}
}

func code(err error) string {
	c, _ := fault.Public(err)
	return c
}
