package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"lockstep/notifier/internal/codepage"
	"lockstep/notifier/internal/ledger"
)

// pages is what the notifier's own origin serves: the code page, the same for everybody, what it asks for whoever has a code, /healthz,
// and what the hub may ask.
func pages(book *ledger.Ledger, hub *asks, people *holders) http.Handler {
	mux := http.NewServeMux()
	people.routes(mux)
	mux.Handle("GET /c/", codepage.Handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		cursor, err := book.Cursor(r.Context())
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": err == nil, "cursor": cursor}) // the asker may be gone
	})
	if hub != nil {
		hub.routes(mux)
	}
	return mux
}

// serve answers on a listener until ctx ends. Requests are not logged.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ReadTimeout: 20 * time.Second, WriteTimeout: 20 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	stop := context.AfterFunc(ctx, func() {
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(patience) // whoever has not finished is cut off
	})
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("notifier: %w", err)
	}
	return nil
}
