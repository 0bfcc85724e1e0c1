package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// requestTime bounds a request from its first byte to the last of its answer; long polls take the most of it.
const requestTime = time.Minute

// Serve answers HTTP until ctx is done, pages and lists packed; requests under way get three seconds to end, then they are cut off.
func Serve(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: Packed(handler), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ReadTimeout: requestTime, WriteTimeout: requestTime,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("web: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		return server.Close()
	}
	return nil
}
