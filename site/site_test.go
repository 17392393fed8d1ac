package site

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var script = strings.Repeat("console.log('margins');\n", 50)

// build is a site as Vite leaves it.
func build() fstest.MapFS {
	return fstest.MapFS{
		".gitkeep":                {},
		"_headers":                {Data: []byte("/*\n")},
		"index.html":              {Data: []byte("<!doctype html><title>Margins</title>")},
		"icon.svg":                {Data: []byte("<svg></svg>")},
		"recorded/default.json":   {Data: []byte(`{"steps": 160}`)},
		"references/desk.ckpt":    {Data: []byte{1, 2, 3, 4}},
		"assets/main-abc.js":      {Data: []byte(script)},
		"assets/main-abc.js.br":   {Data: []byte("packed script")},
		"assets/engine-def.wasm":  {Data: []byte("\x00asm")},
		"assets/style-ghi.css":    {Data: []byte("body {}")},
		"assets/unheard-of.thing": {Data: []byte("?")},
	}
}

// ask sends one request to a handler of files; headers are name, value, name, value.
func ask(t *testing.T, files fstest.MapFS, method, target string, headers ...string) *http.Response {
	t.Helper()
	h, err := newHandler(files)
	require.NoError(t, err)
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return string(data)
}

func TestTypesAndCaching(t *testing.T) {
	for _, test := range []struct{ target, contentType, cacheControl string }{
		{"/", "text/html; charset=utf-8", askAgain},
		{"/index.html", "text/html; charset=utf-8", askAgain},
		{"/icon.svg", "image/svg+xml", askAgain},
		{"/recorded/default.json", "application/json", askAgain},
		{"/references/desk.ckpt", "application/octet-stream", askAgain},
		{"/assets/main-abc.js", "text/javascript; charset=utf-8", forever},
		{"/assets/engine-def.wasm", "application/wasm", forever},
		{"/assets/style-ghi.css", "text/css; charset=utf-8", forever},
		{"/assets/unheard-of.thing", "application/octet-stream", forever},
	} {
		t.Run(test.target, func(t *testing.T) {
			got := ask(t, build(), http.MethodGet, test.target)
			assert.Equal(t, http.StatusOK, got.StatusCode)
			assert.Equal(t, test.contentType, got.Header.Get("Content-Type"))
			assert.Equal(t, test.cacheControl, got.Header.Get("Cache-Control"))
			assert.NotEmpty(t, got.Header.Get("ETag"))
			assert.Empty(t, got.Header.Get("Content-Encoding"), "nothing was accepted")
		})
	}
}

func TestCompression(t *testing.T) {
	for _, test := range []struct{ name, target, accept, coding string }{
		{"brotli is preferred", "/assets/main-abc.js", "gzip, deflate, br, zstd", "br"},
		{"gzip only", "/assets/main-abc.js", "gzip", "gzip"},
		{"no brotli kept", "/assets/style-ghi.css", "gzip, br", "gzip"},
		{"brotli refused", "/assets/main-abc.js", "br;q=0, gzip;q=0.5", "gzip"},
		{"anything", "/assets/main-abc.js", "*", "br"},
		{"anything but brotli", "/assets/main-abc.js", "*, br; q=0.000", "gzip"},
		{"nothing", "/assets/main-abc.js", "identity", ""},
		{"a name that only begins the same", "/assets/main-abc.js", "broth", ""},
		{"weights do not shrink", "/references/desk.ckpt", "gzip, br", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, build(), http.MethodGet, test.target, "Accept-Encoding", test.accept)
			assert.Equal(t, test.coding, got.Header.Get("Content-Encoding"))
			if strings.HasPrefix(test.target, "/assets/") {
				assert.Equal(t, "Accept-Encoding", got.Header.Get("Vary"))
			}
		})
	}

	t.Run("brotli is sent as it is", func(t *testing.T) {
		got := ask(t, build(), http.MethodGet, "/assets/main-abc.js", "Accept-Encoding", "br")
		assert.Equal(t, "packed script", body(t, got))
	})
	t.Run("gzip unpacks to the file", func(t *testing.T) {
		got := ask(t, build(), http.MethodGet, "/assets/main-abc.js", "Accept-Encoding", "gzip")
		packed := body(t, got)
		assert.Less(t, len(packed), len(script))
		r, err := gzip.NewReader(strings.NewReader(packed))
		require.NoError(t, err)
		var unpacked bytes.Buffer
		_, err = io.Copy(&unpacked, r)
		require.NoError(t, err)
		assert.Equal(t, script, unpacked.String())
	})
}

func TestETags(t *testing.T) {
	const target = "/assets/main-abc.js"
	seen := map[string]string{}
	for _, coding := range []string{"identity", "gzip", "br"} {
		t.Run(coding, func(t *testing.T) {
			etag := ask(t, build(), http.MethodGet, target, "Accept-Encoding", coding).Header.Get("ETag")
			assert.Regexp(t, `^"[^"]+"$`, etag, "a strong one")
			assert.NotContains(t, seen, etag, "each coding has its own")
			seen[etag] = coding

			same := ask(t, build(), http.MethodGet, target, "Accept-Encoding", coding, "If-None-Match", `"other", `+etag)
			assert.Equal(t, http.StatusNotModified, same.StatusCode)
			assert.Equal(t, etag, same.Header.Get("ETag"))
			assert.Empty(t, body(t, same))

			other := ask(t, build(), http.MethodGet, target, "Accept-Encoding", coding, "If-None-Match", `"other"`)
			assert.Equal(t, http.StatusOK, other.StatusCode)
		})
	}

	t.Run("follows the content", func(t *testing.T) {
		before := ask(t, build(), http.MethodGet, "/").Header.Get("ETag")
		changed := build()
		changed["index.html"] = &fstest.MapFile{Data: []byte("<!doctype html><title>Changed</title>")}
		assert.NotEqual(t, before, ask(t, changed, http.MethodGet, "/").Header.Get("ETag"))
	})
}

func TestSecurityHeaders(t *testing.T) {
	unbuilt := fstest.MapFS{".gitkeep": {}}
	for _, test := range []struct {
		name, target string
		files        fstest.MapFS
	}{
		{"page", "/", build()},
		{"worker's script", "/assets/main-abc.js", build()},
		{"missing file", "/none", build()},
		{"unbuilt", "/", unbuilt},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ask(t, test.files, http.MethodGet, test.target).Header
			assert.Equal(t, Policy, got.Get("Content-Security-Policy"))
			assert.Equal(t, "nosniff", got.Get("X-Content-Type-Options"))
			assert.Equal(t, "no-referrer", got.Get("Referrer-Policy"))
		})
	}
}

// Hosts without this handler take the policy from these two.
func TestPolicyIsTheSameEverywhere(t *testing.T) {
	for name, line := range map[string]string{
		"index.html":      `<meta http-equiv="Content-Security-Policy" content="` + Policy + `"`,
		"public/_headers": "\n  Content-Security-Policy: " + Policy + "\n",
	} {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Contains(t, string(data), line, name)
	}
}

func TestNotFound(t *testing.T) {
	for _, target := range []string{
		"/none", "/assets", "/assets/", "/assets/main-abc.js.br", "/_headers", "/.gitkeep", "/assets/../index.html",
	} {
		t.Run(target, func(t *testing.T) {
			got := ask(t, build(), http.MethodGet, target)
			assert.Equal(t, http.StatusNotFound, got.StatusCode)
			assert.Equal(t, askAgain, got.Header.Get("Cache-Control"))
			assert.Contains(t, body(t, got), target)
		})
	}
}

func TestMethods(t *testing.T) {
	get := ask(t, build(), http.MethodGet, "/")
	head := ask(t, build(), http.MethodHead, "/")
	assert.Equal(t, get.Header, head.Header)
	assert.Empty(t, body(t, head))

	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		t.Run(method, func(t *testing.T) {
			got := ask(t, build(), method, "/")
			assert.Equal(t, http.StatusMethodNotAllowed, got.StatusCode)
			assert.Equal(t, "GET, HEAD", got.Header.Get("Allow"))
		})
	}
}

func TestUnbuilt(t *testing.T) {
	got := ask(t, fstest.MapFS{".gitkeep": {}}, http.MethodGet, "/")
	assert.Equal(t, http.StatusServiceUnavailable, got.StatusCode)
	assert.Equal(t, "no-store", got.Header.Get("Cache-Control"))
	assert.Contains(t, body(t, got), "run make")
}

// The embedded build, whatever its state, can be served.
func TestHandler(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, w.Code)
}
