package guard

import "golang.org/x/sys/unix"

const (
	machine   = unix.AUDIT_ARCH_AARCH64
	mapMemory = unix.SYS_MMAP
)

var native = []uint32{unix.SYS_FSTAT, unix.SYS_FSTATAT, unix.SYS_FTRUNCATE, unix.SYS_LSEEK, unix.SYS_FCNTL, unix.SYS_GETUID, unix.SYS_PSELECT6}
