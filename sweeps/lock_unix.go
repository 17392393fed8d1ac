//go:build unix

package sweeps

import (
	"os"
	"syscall"
)

// lockWhole locks a file for this process alone. The system undoes it when the process ends, however that happens.
func lockWhole(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
