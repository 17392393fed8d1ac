package sweeps

import (
	"os"
	"syscall"
	"unsafe"
)

// lockWhole locks a file for this process alone. The system undoes it when the process ends, however that happens.
func lockWhole(f *os.File) error {
	const exclusiveAtOnce = 3 // LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY
	var at syscall.Overlapped
	lock := syscall.NewLazyDLL("kernel32.dll").NewProc("LockFileEx")
	if done, _, err := lock.Call(f.Fd(), exclusiveAtOnce, 0, 1, 0, uintptr(unsafe.Pointer(&at))); done == 0 {
		return err
	}
	return nil
}
