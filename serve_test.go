package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLongFlags(t *testing.T) {
	for _, test := range []struct{ name, given, want string }{
		{"one dash", "-addr :9000", "--addr :9000"},
		{"with a value", "-addr=:9000", "--addr=:9000"},
		{"two dashes", "--addr :9000", "--addr :9000"},
		{"one letter", "-h", "-h"},
		{"negative numbers", "compare -1 -0.5 -1e-3", "compare -1 -0.5 -1e-3"},
		{"words with dashes", "compare --two-words -two-words a-b -", "compare --two-words --two-words a-b -"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, strings.Fields(test.want), longFlags(strings.Fields(test.given)))
		})
	}
}

func TestAddress(t *testing.T) {
	for _, test := range []struct{ name, flag, port, want string }{
		{"default", "", "", ":8080"},
		{"environment", "", "9000", ":9000"},
		{"flag", "localhost:7000", "", "localhost:7000"},
		{"flag over environment", "localhost:7000", "9000", "localhost:7000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, (&serveCommand{Addr: test.flag}).address(test.port))
		})
	}
}

func TestURL(t *testing.T) {
	for want, ip := range map[string]string{
		"http://localhost:80": "0.0.0.0",
		"http://127.0.0.1:80": "127.0.0.1",
		"http://[::1]:80":     "::1",
	} {
		assert.Equal(t, want, pageURL(&net.TCPAddr{IP: net.ParseIP(ip), Port: 80}))
	}
	assert.Equal(t, "http://localhost:80", pageURL(&net.TCPAddr{IP: net.IPv6unspecified, Port: 80}))
}

func TestServeUntilTheContextEnds(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, "127.0.0.1:0", handler, in) }()

	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address, found := strings.CutPrefix(strings.TrimSpace(line), "Margins is at ")
	require.True(t, found, line)
	response, err := http.Get(address)
	require.NoError(t, err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(data))

	cancel()
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("still serving")
	}
}

func TestBusyPort(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	err = serve(context.Background(), taken.Addr().String(), http.NotFoundHandler(), io.Discard)
	assert.ErrorContains(t, err, "cannot serve on "+taken.Addr().String())
}
