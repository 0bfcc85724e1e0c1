package guard

import "golang.org/x/sys/unix"

const (
	machine   = unix.AUDIT_ARCH_ARM
	mapMemory = unix.SYS_MMAP2
)

var native = []uint32{unix.SYS_FSTAT64, unix.SYS_FSTATAT64, unix.SYS_FTRUNCATE64, unix.SYS__LLSEEK, unix.SYS_FCNTL64, unix.SYS_FCNTL, unix.SYS_GETUID32,
	unix.SYS__NEWSELECT, unix.SYS_FUTEX_TIME64, unix.SYS_CLOCK_GETTIME64}
