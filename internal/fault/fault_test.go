package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lockstep/internal/fault"
)

func TestStrangersSeeOnlyTheMessage(t *testing.T) {
	cause := errors.New("table parcel is gone")
	tests := []struct {
		err           error
		kind          fault.Kind
		code, message string
	}{
		{fault.New(fault.Conflict, "locker_full", "no room at %s", "l1"), fault.Conflict, "locker_full", "no room at l1"},
		{fmt.Errorf("api: %w", fault.Wrap(cause, fault.NotFound, "no_parcel", "no such parcel")), fault.NotFound, "no_parcel", "no such parcel"},
		{fault.Wrap(cause, fault.Internal, "secret_code", "secret message"), fault.Internal, "internal", "something went wrong on our side"},
		{cause, fault.Internal, "internal", "something went wrong on our side"},
	}
	for _, tt := range tests {
		code, message := fault.Public(tt.err)
		if fault.KindOf(tt.err) != tt.kind || code != tt.code || message != tt.message {
			t.Errorf("%v: got %v, %q, %q", tt.err, fault.KindOf(tt.err), code, message)
		}
	}
	if err := tests[1].err; !errors.Is(err, cause) || !strings.Contains(err.Error(), "table parcel") {
		t.Error("the log lost the cause")
	}
}
