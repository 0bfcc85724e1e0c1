package link

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"lockstep/internal/line"
)

const dialTime = 30 * time.Second

// dial connects to the hub's edge and has the connection upgraded to a line.
func dial(ctx context.Context, address string, i *identity) (net.Conn, error) {
	_, config := i.current()
	config = config.Clone()
	config.ServerName = hostOf(address)
	dialing, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(dialing, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	stop := context.AfterFunc(dialing, func() { conn.Close() })
	err = upgrade(conn, address)
	if !stop() && err == nil {
		err = context.Cause(dialing)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// upgrade asks for the line. The hub says nothing after its 101 until our hello, so the reader's buffer may go.
func upgrade(conn net.Conn, host string) error {
	request, err := http.NewRequest(http.MethodGet, "https://"+host+line.Path, nil)
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	request.Header.Set("Connection", "Upgrade")
	request.Header.Set("Upgrade", line.Protocol)
	if err := request.Write(conn); err != nil {
		return fmt.Errorf("link: %w", err)
	}
	reader := bufio.NewReader(io.LimitReader(conn, maxAnswer))
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return fmt.Errorf("link: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusSwitchingProtocols || response.Header.Get("Upgrade") != line.Protocol {
		words, _ := io.ReadAll(io.LimitReader(response.Body, maxWords))
		return fmt.Errorf("link: the hub answers %d: %s", response.StatusCode, line.Word(string(words)))
	}
	if reader.Buffered() > 0 {
		return errors.New("link: the hub speaks before it is greeted")
	}
	return nil
}

func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
