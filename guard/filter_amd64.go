package guard

import "golang.org/x/sys/unix"

const (
	machine   = unix.AUDIT_ARCH_X86_64
	mapMemory = unix.SYS_MMAP
)

var native = []uint32{unix.SYS_FSTAT, unix.SYS_NEWFSTATAT, unix.SYS_FTRUNCATE, unix.SYS_LSEEK, unix.SYS_FCNTL, unix.SYS_GETUID, unix.SYS_PSELECT6}
