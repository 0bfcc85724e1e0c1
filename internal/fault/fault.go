// Package fault is how a room says that something went wrong: one of a few kinds, a stable code for programs and a message
// written for strangers. The cause is for the log and never leaves the process.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure it is; doors turn it into a status in one place.
type Kind uint8

const (
	Internal    Kind = iota // a defect or a broken machine; also every error that is no fault
	Invalid                 // the request can never succeed as it is
	Denied                  // nobody we know, or not allowed
	NotFound                // no such thing, or not the asker's
	Conflict                // the state of things forbids it now
	Paused                  // stopped on purpose for a while
	Unavailable             // try again later
)

var names = [...]string{"internal", "invalid", "denied", "not found", "conflict", "paused", "unavailable"}

func (k Kind) String() string { return names[k] }

// Error is a failure with its kind.
type Error struct {
	Kind    Kind
	Code    string // a stable word for programs, such as "locker_full"
	Message string // for strangers; holds nothing they did not know
	cause   error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.cause }

// New makes a fault without a cause.
func New(kind Kind, code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes a fault of a cause that strangers do not see.
func Wrap(cause error, kind Kind, code, format string, args ...any) *Error {
	return &Error{kind, code, fmt.Sprintf(format, args...), cause}
}

// KindOf is the kind of err; Internal where err is no fault.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Public is what a stranger may see of err.
func Public(err error) (code, message string) {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != Internal {
		return e.Code, e.Message
	}
	return "internal", "something went wrong on our side"
}
