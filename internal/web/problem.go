package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"lockstep/internal/fault"
)

var statuses = map[fault.Kind]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Denied: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict, fault.Paused: http.StatusServiceUnavailable, fault.Unavailable: http.StatusServiceUnavailable,
}

// Status is the HTTP status of a failure.
func Status(err error) int {
	if status, ok := statuses[fault.KindOf(err)]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// Problem answers with what a stranger may know of err (RFC 9457), with the stable word in code.
func Problem(w http.ResponseWriter, err error) {
	code, message := fault.Public(err)
	status := Status(err)
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "title": http.StatusText(status), "detail": message, "code": code})
}

// JSON answers with a body that nobody keeps.
func JSON(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(body) // a browser that went away asks again
}

// ReadJSON reads a body of at most limit bytes: one JSON value with the fields of into, a pointer, and no others. w may be nil.
func ReadJSON(w http.ResponseWriter, r *http.Request, limit int64, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, limit))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return fault.New(fault.Invalid, "too_large", "a body of at most %d bytes, please", limit)
	}
	if err != nil {
		return fault.New(fault.Invalid, "malformed", "not the JSON that is expected here")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "malformed", "there is something after the JSON value")
	}
	return nil
}
