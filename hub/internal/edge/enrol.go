package edge

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"net/http"

	"lockstep/internal/fault"
	"lockstep/internal/line"
)

// maxEnrolment bounds the body of an enrolment, in bytes.
const maxEnrolment = 4 << 10

func (e *Edge) enrol(w http.ResponseWriter, r *http.Request) {
	if !e.enrols.Allow() {
		http.Error(w, "too many enrolments at once, try again", http.StatusTooManyRequests)
		return
	}
	var asked line.Enrolment
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxEnrolment))
	body.DisallowUnknownFields()
	if err := body.Decode(&asked); err != nil {
		http.Error(w, "not an enrolment", http.StatusBadRequest)
		return
	}
	certificate, err := e.certify(r.Context(), asked)
	if err != nil {
		e.refuseEnrolment(w, asked.Locker, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	answer := line.Enrolled{Certificate: certificate, Authority: e.Authority.certificate.Raw}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		e.Log.Info("enrolment not answered", "locker", asked.Locker, "err", err)
	}
}

func (e *Edge) refuseEnrolment(w http.ResponseWriter, locker string, err error) {
	status := http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.Invalid:
		status = http.StatusBadRequest
	case fault.Denied, fault.NotFound, fault.Conflict: // one answer: which lockers exist is nobody's business
		http.Error(w, "the enrolment code is wrong, used or too old", http.StatusForbidden)
		e.Log.Warn("enrolment refused", "locker", locker, "err", err)
		return
	case fault.Unavailable, fault.Paused:
		status = http.StatusServiceUnavailable
	}
	e.Log.Warn("enrolment failed", "locker", locker, "err", err)
	_, message := fault.Public(err)
	http.Error(w, message, status)
}

// certify makes the certificate before it uses up the secret, so that a failure costs nobody a code.
func (e *Edge) certify(ctx context.Context, asked line.Enrolment) ([]byte, error) {
	request, err := x509.ParseCertificateRequest(asked.Request)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_request", "the certificate request cannot be read")
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "bad_request", "the certificate request is not signed with its own key")
	}
	if key, ok := request.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return nil, fault.New(fault.Invalid, "bad_request", "the key is not on P-256")
	}
	print := line.KeyPrint(request.RawSubjectPublicKeyInfo)
	renewal := e.isEnrolled(ctx, asked.Locker, print)
	if !renewal {
		if err := e.CheckEnrol(ctx, asked.Locker, string(asked.Secret)); err != nil {
			return nil, err
		}
	}
	certificate, err := e.Authority.signLink(asked.Locker, request)
	if err != nil {
		return nil, err
	}
	if !renewal {
		if err := e.Enrol(ctx, asked.Locker, string(asked.Secret), print); err != nil {
			return nil, err
		}
	}
	e.Log.Info("link certified", "locker", asked.Locker, "renewal", renewal, "key", print[:16])
	return certificate, nil
}

// isEnrolled says whether this very key is the locker's; the request's signature proved that the asker holds it.
func (e *Edge) isEnrolled(ctx context.Context, locker, print string) bool {
	enrolled, err := e.Fingerprint(ctx, locker)
	return err == nil && enrolled == print
}
