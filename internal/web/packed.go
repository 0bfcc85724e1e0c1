package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// Packed packs what next makes anew for each who asks, pages and lists, on its way to those who take gzip. What has a tag has been packed
// before or is not worth it; answers to anything but GET stay as they are, so that no secret that is shown once can be guessed from a length.
func Packed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !takesGzip(r) {
			next.ServeHTTP(w, r)
			return
		}
		p := &packing{ResponseWriter: w}
		next.ServeHTTP(p, r)
		p.end()
	})
}

// packing is an answer that is being packed. Until there is enough of it to be worth it, it is held.
type packing struct {
	http.ResponseWriter
	status int // 0 before it is known
	plain  bool
	held   []byte
	z      *gzip.Writer
}

var writers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// WriteHeader is http.ResponseWriter's.
func (p *packing) WriteHeader(status int) {
	switch {
	case status < 200:
		p.ResponseWriter.WriteHeader(status)
	case p.status == 0:
		p.status = status
		if !isText(p.Header()) {
			p.asItIs()
		}
	}
}

func isText(h http.Header) bool {
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	text := strings.HasPrefix(kind, "text/") && kind != "text/event-stream" || strings.HasSuffix(kind, "json")
	return text && h.Get("Content-Encoding") == "" && h.Get("ETag") == ""
}

// Write is http.ResponseWriter's.
func (p *packing) Write(data []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	switch {
	case p.plain:
		return p.ResponseWriter.Write(data)
	case p.z != nil:
		return p.z.Write(data)
	}
	if p.held = append(p.held, data...); len(p.held) < leastPacked {
		return len(data), nil
	}
	h := p.Header()
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
	h.Del("Content-Length")
	p.ResponseWriter.WriteHeader(p.status)
	p.z = writers.Get().(*gzip.Writer)
	p.z.Reset(p.ResponseWriter)
	_, err := p.z.Write(p.held)
	return len(data), err
}

// asItIs sends what is held, and all that comes, without packing it.
func (p *packing) asItIs() error {
	p.plain = true
	p.ResponseWriter.WriteHeader(p.status)
	if len(p.held) == 0 {
		return nil
	}
	_, err := p.ResponseWriter.Write(p.held)
	return err
}

// FlushError is http.ResponseController's: what has been written goes out.
func (p *packing) FlushError() error {
	p.WriteHeader(http.StatusOK)
	var err error
	if p.z != nil {
		err = p.z.Flush()
	} else if !p.plain {
		err = p.asItIs()
	}
	if err != nil {
		return err
	}
	return http.NewResponseController(p.ResponseWriter).Flush()
}

// Unwrap is http.ResponseController's.
func (p *packing) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *packing) end() {
	switch {
	case p.z != nil:
		p.z.Close()
		writers.Put(p.z)
	case p.status != 0 && !p.plain:
		p.asItIs()
	}
}
