package main

import (
	"fmt"
	"os"
)

// progress rewrites one line of the terminal; where standard error is no terminal it prints nothing.
func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\033[K"+format, args...)
	}
}
