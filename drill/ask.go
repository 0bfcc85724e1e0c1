package drill

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"lockstep/guard/statement"
)

// answer is what a server said.
type answer struct {
	Status int
	Body   []byte
}

// call asks a server, with a bearer token where there is one.
func call(ctx context.Context, method, url, token string, body any) (answer, error) {
	var reader io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		reader = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if method == http.MethodPost {
		request.Header.Set("Idempotency-Key", hex.EncodeToString(statement.NewSeed()))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, 4<<20))
	return answer{response.StatusCode, data}, err
}

// ask asks the hub with the first merchant's key and reads the JSON of an answer below 300 into a value.
func (n *Net) ask(ctx context.Context, method, path string, body, into any) (answer, error) {
	a, err := call(ctx, method, n.Office.Hub+path, n.Office.APIKey, body)
	if err != nil || a.Status >= 300 || into == nil {
		return a, err
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return a, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return a, nil
}
