package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"margins/site"
)

// serveCommand serves the playground until its context ends.
type serveCommand struct {
	Addr string `placeholder:"HOST:PORT" help:"Where to listen; by default on the port in PORT, else on 8080."`
}

const (
	headerTimeout = 10 * time.Second // for a visitor's request to arrive
	writeTimeout  = 5 * time.Minute  // a slow line needs two minutes for the engine
	idleTimeout   = 2 * time.Minute
	shutdownGrace = 5 * time.Second // for answers under way
)

// Run is called by kong.
func (c *serveCommand) Run(ctx context.Context) error {
	return serve(ctx, c.address(os.Getenv("PORT")), site.Handler(), os.Stdout)
}

func (c *serveCommand) address(port string) string {
	return cmp.Or(c.Addr, ":"+cmp.Or(port, "8080"))
}

// serve answers on address with handler, after it has written to out where that is. It returns nil when ctx ends, and an error where
// address cannot be had.
func serve(ctx context.Context, address string, handler http.Handler, out io.Writer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("cannot serve on %s: %w (choose another with -addr)", address, err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       headerTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
	}
	fmt.Fprintln(out, "Margins is at", pageURL(listener.Addr().(*net.TCPAddr)))

	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
	defer cancel()
	err = server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close() // whoever is still loading has had its time
	}
	return err
}

// url is how a browser on this machine reaches address.
func pageURL(address *net.TCPAddr) string {
	host := address.IP.String()
	if address.IP.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(address.Port))
}
