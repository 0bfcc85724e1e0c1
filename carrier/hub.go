package carrier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"lockstep/internal/courier"
	"lockstep/internal/fault"
)

// hub is this carrier's side of the hub's door for carriers: JSON under /carrier/v1/, with a bearer token.
type hub struct {
	base, token string
	http        *http.Client
}

const (
	patience  = 10 * time.Second // a courier waits for the answer
	maxAnswer = 8 << 20
)

// newHub refuses to send the token over the open network in the clear: http is only for this machine, or where the operator says
// that the network between is private.
func newHub(base, token string, private bool) (*hub, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("carrier: the hub's address must look like https://hub.example")
	}
	if u.Scheme == "http" && !private && !loopback(u.Hostname()) {
		return nil, errors.New("carrier: http only to a hub on this machine; use https, or say that the network is private")
	}
	if token == "" {
		return nil, errors.New("carrier: no token for the hub; its operator makes one with lockstep hub carrier add")
	}
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // the token is for this hub only
	}}
	return &hub{strings.TrimSuffix(base, "/") + "/carrier/v1/", token, client}, nil
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// round asks what there is to do at lockers; "*" is everywhere. Unavailable when the hub does not answer.
func (h *hub) round(ctx context.Context, lockers []string) ([]courier.Stop, error) {
	query := url.Values{}
	for _, locker := range lockers {
		if locker != "*" {
			query.Add("locker", locker)
		}
	}
	var answer struct {
		Lockers []courier.Stop `json:"lockers"`
	}
	data, err := h.do(ctx, http.MethodGet, "round?"+query.Encode(), nil)
	if err == nil {
		err = json.Unmarshal(data, &answer)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "hub_silent", "the network's hub does not answer; the list is not fresh")
	}
	return answer.Lockers, nil
}

// revoke tells the hub that a device is no courier's any more.
func (h *hub) revoke(ctx context.Context, r courier.Revocation) error {
	body, err := json.Marshal(map[string]string{"key": r.Key.String()})
	if err != nil {
		return fmt.Errorf("carrier: %w", err)
	}
	_, err = h.do(ctx, http.MethodPost, "revocations", body)
	return err
}

func (h *hub) do(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, h.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("carrier: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := h.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("carrier: the hub: %w", err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("carrier: the hub: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return nil, fmt.Errorf("carrier: the hub answers %s", response.Status)
	}
	return data, nil
}
