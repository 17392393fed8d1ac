// Package site serves the page that Vite builds from this folder, from within the program.
package site

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed all:dist
var dist embed.FS

// Policy is the page's Content-Security-Policy. The page's <meta> and public/_headers repeat it, for hosts without this handler. Compiling
// WebAssembly needs 'wasm-unsafe-eval', on the page and on the worker's script alike.
const Policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' data:; " +
	"object-src 'none'; base-uri 'none'; form-action 'none'"

// How long a browser may keep an answer. The names under assets/ hold a hash of their content, so they never change.
const (
	forever   = "public, max-age=31536000, immutable"
	askAgain  = "no-cache"
	hashedDir = "assets/"
)

// Handler serves the built page. Without a build it answers every request with 503 and says what to run.
func Handler() http.Handler {
	built, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("site: " + err.Error()) // "dist" is a valid path
	}
	h, err := newHandler(built)
	if err != nil {
		panic("site: " + err.Error()) // files that are part of the program can be read
	}
	return h
}

// kind is what there is to know about a file's extension.
type kind struct {
	contentType  string
	compressible bool
}

// kinds lists the extensions of a build. The machine's own table of types is not asked: it differs, and often lacks .wasm. Checkpoints
// are weights, which hardly shrink. vite.plugins.ts has the same list of what it compresses.
var kinds = map[string]kind{
	".html":  {"text/html; charset=utf-8", true},
	".css":   {"text/css; charset=utf-8", true},
	".js":    {"text/javascript; charset=utf-8", true},
	".json":  {"application/json", true},
	".svg":   {"image/svg+xml", true},
	".wasm":  {"application/wasm", true},
	".txt":   {"text/plain; charset=utf-8", true},
	".png":   {"image/png", false},
	".woff2": {"font/woff2", false},
	".ckpt":  {"application/octet-stream", false},
}

// file is one file of the build in every coding that we have of it. Codings that we have not are nil.
type file struct {
	kind
	cacheControl string
	plain        *representation
	brotli       *representation
	gzip         func() *representation // packed at the first request for it
}

// representation is a file's content in one coding. ETags differ between codings, as strong ETags must (RFC 9110, section 8.8.3.3).
type representation struct {
	coding string // as in Content-Encoding; "" is the file as it is
	etag   string
	data   []byte
}

// handler holds all files by their path, in memory.
type handler map[string]*file

// newHandler reads all of built. Files named X.br are X in brotli, not files of their own; _headers is for other hosts.
func newHandler(built fs.FS) (http.Handler, error) {
	h := handler{}
	err := fs.WalkDir(built, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) == ".br" || name == "_headers" || name == ".gitkeep" {
			return err
		}
		h[name], err = newFile(built, name)
		return err
	})
	return h, err
}

func newFile(built fs.FS, name string) (*file, error) {
	data, err := fs.ReadFile(built, name)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	tag := base64.RawURLEncoding.EncodeToString(sum[:12])

	f := &file{kind: kind{contentType: "application/octet-stream"}, cacheControl: askAgain}
	if k, ok := kinds[path.Ext(name)]; ok {
		f.kind = k
	}
	if strings.HasPrefix(name, hashedDir) {
		f.cacheControl = forever
	}
	f.plain = &representation{etag: `"` + tag + `"`, data: data}
	if !f.compressible {
		return f, nil
	}
	f.gzip = sync.OnceValue(func() *representation {
		return &representation{coding: "gzip", etag: `"` + tag + `-gzip"`, data: packed(data)}
	})
	if data, err := fs.ReadFile(built, name+".br"); err == nil {
		f.brotli = &representation{coding: "br", etag: `"` + tag + `-br"`, data: data}
	}
	return f, nil
}

func packed(data []byte) []byte {
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	w.Write(data) // never fails on a Buffer, nor does Close
	w.Close()
	return buffer.Bytes()
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", Policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")

	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are answered here.", http.StatusMethodNotAllowed)
		return
	}
	if h["index.html"] == nil {
		header.Set("Cache-Control", "no-store")
		http.Error(w, "The page has not been built yet: run make.", http.StatusServiceUnavailable)
		return
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	f := h[name]
	if f == nil {
		header.Set("Cache-Control", askAgain)
		http.Error(w, fmt.Sprintf("There is no %q here.", r.URL.Path), http.StatusNotFound)
		return
	}
	f.serve(w, r)
}

// serve answers with the best representation that the visitor takes. ServeContent adds conditions, ranges and HEAD.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", f.cacheControl)
	header.Set("Content-Type", f.contentType)
	if f.compressible {
		header.Set("Vary", "Accept-Encoding")
	}
	best := f.choose(strings.Join(r.Header.Values("Accept-Encoding"), ","))
	if best.coding != "" {
		header.Set("Content-Encoding", best.coding)
	}
	header.Set("ETag", best.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(best.data))
}

func (f *file) choose(acceptEncoding string) *representation {
	switch {
	case f.brotli != nil && accepts(acceptEncoding, "br"):
		return f.brotli
	case f.gzip != nil && accepts(acceptEncoding, "gzip"):
		return f.gzip()
	}
	return f.plain
}

// accepts reports whether an Accept-Encoding header allows coding (RFC 9110, section 12.5.3): by its name, else by *, and with a weight
// above zero. Among those allowed, how much they weigh is not asked: the smaller is the better for everyone.
func accepts(header, coding string) bool {
	allowed := false
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case coding:
			return !isZero(weight)
		case "*":
			allowed = !isZero(weight)
		}
	}
	return allowed
}

// isZero reports whether a parameter is q=0, however many zeros it is written with.
func isZero(parameter string) bool {
	digits, found := strings.CutPrefix(strings.TrimSpace(strings.ToLower(parameter)), "q=")
	q, err := strconv.ParseFloat(digits, 64)
	return found && err == nil && q == 0
}
