"""Runs a Linux x86-64 program on an emulated Ice Lake, which has AVX-512, whatever CPU the machine has.

    python3 ci/avx512/emulate.py PROGRAM [ARGUMENTS]

The processor is Bochs', as the package `bochscpu-python` has it (processor.py); this file is the operating system: it
loads the program and answers its system calls. All of the program's memory lies in one arena at the same addresses here
and there, so most calls are passed on as they are.

What it lacks: processes (starting one fails), signals, pages without access, more than one CPU. Threads take turns: one
runs until it waits, sleeps or yields. Exit status: the program's; 139 after a fault, 134 after a signal to itself, 3 if
the program needs what is lacking here.
"""

import collections
import ctypes
import os
import struct
import sys
from ctypes import CFUNCTYPE, c_int, c_long, c_uint32, c_uint64, c_void_p

from processor import PAGE, bochs, end, libc

HUGE, GIB = 1 << 21, 1 << 30
# The program's memory, and its physical addresses from 0 on; the first 2 MiB are not mapped.
ARENA, ARENA_SIZE = 0x1000_0000_0000, 16 * GIB
END = ARENA + ARENA_SIZE
KERNEL, PROGRAM, LINKER, BREAK = ARENA + HUGE, ARENA + 2 * HUGE, ARENA + GIB // 4, ARENA + GIB // 2
BREAK_END, STACK, HEAP = ARENA + 3 * GIB // 4, ARENA + GIB - PAGE, ARENA + GIB
TABLES = ARENA_SIZE  # physical address of the page tables

# The place of Ice Lake among the models of bochscpu-python 0.4.0; CPUID is asked whether it is one.
MODEL = 28

CODE, DATA = 0xA0FB, 0xC0F3  # attributes of the user's segments
RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11 = range(12)
EAGAIN, ENOMEM, EINVAL, ENOSYS, ETIMEDOUT = 11, 12, 22, 38, 110
MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE = 0x02, 0x10, 0x20, 0x4000

# Numbers of system calls that take addresses and files as they are.
PASSED = {
    0: "read", 1: "write", 2: "open", 3: "close", 4: "stat", 5: "fstat", 6: "lstat", 7: "poll", 8: "lseek", 16: "ioctl",
    17: "pread64", 18: "pwrite64", 19: "readv", 20: "writev", 21: "access", 32: "dup", 39: "getpid", 63: "uname",
    72: "fcntl", 74: "fsync", 77: "ftruncate", 79: "getcwd", 82: "rename", 83: "mkdir", 84: "rmdir", 87: "unlink",
    89: "readlink", 96: "gettimeofday", 97: "getrlimit", 99: "sysinfo", 102: "getuid", 104: "getgid", 107: "geteuid",
    108: "getegid", 217: "getdents64", 228: "clock_gettime", 229: "clock_getres", 257: "openat", 258: "mkdirat",
    262: "newfstatat", 263: "unlinkat", 267: "readlinkat", 302: "prlimit64", 318: "getrandom", 332: "statx",
}  # fmt: skip
# Those that may as well have happened.
IGNORED = {10: "mprotect", 13: "rt_sigaction", 14: "rt_sigprocmask", 131: "sigaltstack", 157: "prctl",
           203: "sched_setaffinity", 273: "set_robust_list"}  # fmt: skip
FAULTS = {0: "division", 1: "debug", 3: "breakpoint", 6: "undefined instruction", 13: "general protection",
          14: "page fault", 16: "x87", 17: "alignment", 19: "SIMD floating point"}  # fmt: skip


def get(register):
    return bochs.cpu_get_reg64(0, register)


def put(register, value):
    bochs.cpu_set_reg64(0, register, c_uint64(value & (1 << 64) - 1))


def segment(number, selector, attributes, base=0):
    bochs.cpu_set_seg(0, number, 1, selector, c_uint64(base), 0xFFFF_FFFF, attributes)


def poke(address, data):
    ctypes.memmove(address, data, len(data))


def place(address, size, fd=-1, offset=0):
    """Puts zeros or a file there; all pages can be read and written. 0 or a negative error."""
    flags = MAP_PRIVATE | MAP_FIXED | (MAP_ANONYMOUS | MAP_NORESERVE if fd < 0 else 0)
    got = libc.mmap(address, size, 3, flags, fd, offset)
    return 0 if got == address else -ctypes.get_errno()


def up(size, unit):
    return (size + unit - 1) & -unit


def load(path, base):
    """Puts a position independent ELF file there: its entry, its segments' table and number, its interpreter."""
    with open(path, "rb") as file:
        image = file.read()
    kind, machine = struct.unpack_from("<HH", image, 16)
    if image[:5] != b"\x7fELF\x02" or (kind, machine) != (3, 62):
        end(3, f"{path} is no position independent x86-64 program")
    entry, headers = struct.unpack_from("<QQ", image, 24)
    (count,) = struct.unpack_from("<H", image, 56)
    interpreter = None
    for i in range(count):
        kind, _, offset, address, _, size, *_ = struct.unpack_from("<IIQQQQQQ", image, headers + 56 * i)
        if kind == 1:
            poke(base + address, image[offset : offset + size])
        elif kind == 3:
            interpreter = image[offset : offset + size].rstrip(b"\0").decode()
    return base + entry, (base + headers, count), interpreter


def start(argv, environment):
    """Loads a program; its first instruction and its stack pointer."""
    path = argv[0]
    entry, (headers, count), interpreter = load(path, PROGRAM)
    first = load(interpreter, LINKER)[0] if interpreter else entry
    top = STACK

    def push(data):
        nonlocal top
        top -= len(data)
        poke(top, data)
        return top

    arguments = [push(a.encode() + b"\0") for a in argv]
    variables = [push(f"{k}={v}".encode() + b"\0") for k, v in environment.items()]
    # PHDR PHENT PHNUM PAGESZ BASE ENTRY, UID EUID GID EGID, SECURE, RANDOM, EXECFN, CLKTCK, MINSIGSTKSZ
    auxiliary = {3: headers, 4: 56, 5: count, 6: PAGE, 7: LINKER if interpreter else 0, 9: entry, 11: 0, 12: 0,
                 13: 0, 14: 0, 23: 0, 25: push(os.urandom(16)), 31: push(path.encode() + b"\0"), 17: 100, 51: PAGE,
                 0: 0}  # fmt: skip
    words = [len(argv), *arguments, 0, *variables, 0, *(word for pair in auxiliary.items() for word in pair)]
    top = (top - 8 * len(words)) & -64
    poke(top, struct.pack(f"<{len(words)}Q", *words))
    return first, top


class Thread:
    """What a thread keeps while another runs. Vector registers are the caller's to keep across a call."""

    def __init__(self, number, fs, clear):
        self.number, self.fs, self.clear = number, fs, clear
        self.registers = [0] * 16

    def leave(self, result):
        self.registers = [get(r) for r in range(16)]
        self.registers[RAX] = result

    def enter(self):
        for r, value in enumerate(self.registers):
            put(r, value)
        segment(4, 0, DATA, self.fs)


class System:
    """The system calls. One thread runs; the others are in `ready`, or in `waiting` for an address."""

    def __init__(self):
        self.running = Thread(os.getpid(), 0, 0)
        self.last = self.running.number
        self.ready = collections.deque()
        self.waiting = []  # (address, thread, whether it has a time limit)
        self.heap, self.brk = HEAP, BREAK
        self.free = collections.defaultdict(list)  # addresses by size
        self.first = 0  # where the program starts

    def call(self, number, a):
        """The result, or None where another thread runs now."""
        if number in PASSED:
            result = libc.syscall(c_long(number), *map(c_uint64, a))
            return result if result >= 0 else -ctypes.get_errno()
        if number in IGNORED:
            return 0
        answer = getattr(self, f"call_{number}", None)
        return answer(*a) if answer else -ENOSYS

    def call_9(self, address, size, _, flags, fd, offset):  # mmap
        size = up(size, PAGE)
        if not flags & MAP_FIXED:
            if self.free[size]:
                address = self.free[size].pop()
            else:
                address, self.heap = self.heap, self.heap + size
        if not ARENA <= address <= END - size:
            return -ENOMEM
        error = place(address, size, -1 if flags & MAP_ANONYMOUS else c_int(fd & 0xFFFF_FFFF).value, offset)
        return error or address

    def call_11(self, address, size, *_):  # munmap
        if not ARENA <= address <= END - up(size, PAGE):
            return -EINVAL
        if address >= HEAP:
            self.free[up(size, PAGE)].append(address)
        return place(address, up(size, PAGE))

    def call_25(self, old, old_size, size, *_):  # mremap
        if size <= old_size:
            return old
        new = self.call_9(0, size, 0, MAP_ANONYMOUS, -1, 0)
        if new > 0:
            ctypes.memmove(new, old, old_size)
            self.call_11(old, old_size)
        return new

    def call_12(self, to, *_):  # brk
        if BREAK <= to <= BREAK_END:
            if up(to, PAGE) < self.brk:
                place(up(to, PAGE), BREAK_END - up(to, PAGE))  # what comes back is zero
            self.brk = to
        return self.brk

    def call_28(self, address, size, advice, *_):  # madvise: MADV_DONTNEED is more than advice
        return place(address, up(size, PAGE)) if advice == 4 else 0

    def call_158(self, code, address, *_):  # arch_prctl
        if code != 0x1002:
            return -EINVAL
        self.running.fs = address
        segment(4, 0, DATA, address)
        return 0

    def call_186(self, *_):  # gettid
        return self.running.number

    def call_218(self, clear, *_):  # set_tid_address
        self.running.clear = clear
        return self.running.number

    def call_204(self, _, size, mask, *__):  # sched_getaffinity: one CPU
        poke(mask, (1).to_bytes(8, "little"))
        return 8

    def call_56(self, flags, stack, parent, child, tls, *_):  # clone
        if not flags & 0x1_0000:
            return -ENOSYS
        self.last += 1
        new = Thread(self.last, tls, child if flags & 0x20_0000 else 0)
        new.leave(0)
        new.registers[RSP] = stack
        if flags & 0x10_0000:
            poke(parent, struct.pack("<i", new.number))
        if flags & 0x100_0000:
            poke(child, struct.pack("<i", new.number))
        self.ready.append(new)
        return new.number

    def call_202(self, address, operation, value, limit, *_):  # futex
        operation &= 127
        if operation in (0, 9):
            if ctypes.string_at(address, 4) != struct.pack("<I", value & 0xFFFF_FFFF):
                return -EAGAIN
            self.running.leave(0)
            self.waiting.append((address, self.running, limit != 0))
            return self.switch()
        return self.wake(address, value) if operation in (1, 10) else -ENOSYS

    def wake(self, address, most):
        woken = [w for w in self.waiting if w[0] == address][:most]
        for waiter in woken:
            self.waiting.remove(waiter)
            self.ready.append(waiter[1])
        return len(woken)

    def switch(self):
        if not self.ready:
            # Nobody will wake them, so time passes until the first limit.
            late = next((w for w in self.waiting if w[2]), None) or end(3, "every thread waits for another")
            self.waiting.remove(late)
            late[1].registers[RAX] = -ETIMEDOUT
            self.ready.append(late[1])
        self.running = self.ready.popleft()
        self.running.enter()

    def call_24(self, *_):  # sched_yield
        self.running.leave(0)
        self.ready.append(self.running)
        return self.switch()

    call_35 = call_230 = call_24  # nanosleep, clock_nanosleep

    def call_60(self, *_):  # exit of a thread
        if self.running.clear:
            poke(self.running.clear, b"\0" * 4)
            self.wake(self.running.clear, 1)
        return self.switch()

    def call_231(self, status, *_):  # exit_group
        os._exit(status & 255)

    def call_62(self, *_):  # kill, tkill, tgkill: abort
        end(134, "the program sent itself a signal")

    call_200 = call_234 = call_62

    def call_2147483647(self, ebx, ecx, *_):  # with what CPUID 7 says: where the program starts
        # F DQ IFMA CD BW VL; VBMI VBMI2 GFNI VAES VPCLMULQDQ VNNI BITALG VPOPCNTDQ
        needs = 1 << 16 | 1 << 17 | 1 << 21 | 1 << 28 | 1 << 30 | 1 << 31, 1 << 1 | 0x5F40
        if ebx & needs[0] != needs[0] or ecx & needs[1] != needs[1]:
            end(3, f"the emulated CPU has not all of AVX-512: CPUID 7 is {ebx:#x} {ecx:#x}")
        return self.first


system = System()


@CFUNCTYPE(None, c_void_p, c_uint32, c_uint32)
def on_cache_control(*_):
    """WBINVD, which stands where SYSCALL goes."""
    number, arguments = get(RAX), [get(r) for r in (RDI, RSI, RDX, R10, R8, R9)]
    try:
        result = system.call(number, arguments)
    except BaseException as error:  # it would be lost in the C code above
        end(3, f"system call {number} {list(map(hex, arguments))}: {error!r}")
    if result is not None:
        put(RAX, result)


@CFUNCTYPE(None, c_void_p, c_uint32, c_uint32, c_uint32)
def on_exception(_, __, vector, ___):
    pc = bochs.cpu_get_pc(0)
    code = ctypes.string_at(pc, 15).hex(" ") if KERNEL <= pc < END else "not mapped"
    what = FAULTS.get(vector, f"exception {vector}")
    end(139, f"{what} at {pc - PROGRAM:#x} of the program, address {bochs.cpu_get_cr2(0):#x}, code {code}")


@CFUNCTYPE(None, c_uint64)
def on_missing_page(physical):
    physical &= -HUGE
    if physical >= ARENA_SIZE:
        end(139, f"no memory at physical address {physical:#x}")
    for at in range(physical, physical + HUGE, PAGE):
        bochs.bochscpu_mem_page_insert(c_uint64(at), c_void_p(ARENA + at))


class Hooks(ctypes.Structure):
    """`bochscpu_hooks_t`: a context and functions, null where nobody listens."""

    _fields_ = [
        (name, c_void_p)
        for name in (
            "context reset hlt mwait cnear_branch_taken cnear_branch_not_taken ucnear_branch far_branch opcode "
            "interrupt exception hw_interrupt tlb_cntrl cache_cntrl prefetch_hint clflush before_execution "
            "after_execution repeat_iteration inp inp2 outp lin_access phy_access wrmsr vmexit"
        ).split()
    ]


def page_tables():
    """Maps the arena in pages of 2 MiB, all of them the user's."""
    count = 2 + ARENA_SIZE // GIB
    host = libc.mmap(None, count * PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    for i in range(count):
        bochs.bochscpu_mem_page_insert(c_uint64(TABLES + i * PAGE), c_void_p(host + i * PAGE))

    def entry(table, i, value):
        poke(host + table * PAGE + 8 * i, struct.pack("<Q", value | 7))

    entry(0, ARENA >> 39 & 511, TABLES + PAGE)
    for g in range(ARENA_SIZE // GIB):
        entry(1, (ARENA >> 30 & 511) + g, TABLES + (2 + g) * PAGE)
        for i in range(0 if g else 1, 512):
            entry(2 + g, i, g * GIB | i * HUGE | 0x80)


def processor():
    """An Ice Lake in 64-bit user mode, where an operating system saves all of AVX-512."""
    model = c_void_p(bochs.sim_get_param_enum(b"cpu.model"))
    bochs._ZN14bx_param_num_c9set_rangeEmm(model, c_uint64(0), c_uint64(MODEL))
    bochs._ZN14bx_param_num_c3setEl(model, c_uint64(MODEL))
    cpu = c_void_p(bochs.bochscpu_cpu_new(0))
    bochs.bochscpu_mem_missing_page(on_missing_page)
    page_tables()
    for number, selector in enumerate((0, 0x33, 0x2B, 0, 0, 0)):  # ES CS SS DS FS GS
        segment(number, selector, CODE if number == 1 else DATA)
    bochs.cpu_set_efer(0, 0xD01)  # SCE LME LMA NXE
    bochs.cpu_set_cr0(0, 0x8001_0033)  # PE MP ET NE WP PG
    bochs.cpu_set_cr3(0, c_uint64(TABLES))
    bochs.cpu_set_cr4(0, c_uint64(0x4_0620))  # PAE OSFXSR OSXMMEXCPT OSXSAVE
    bochs.cpu_set_xcr0(0, 0xE7)  # x87 SSE AVX opmask ZMM
    bochs.cpu_set_star(0, c_uint64(0x23 << 48 | 0x10 << 32))
    bochs.cpu_set_lstar(0, c_uint64(KERNEL))
    bochs.cpu_set_fmask(0, 0x4_7700)
    bochs.cpu_set_mxcsr(0, 0x1F80)
    bochs.cpu_set_mxcsr_mask(0, 0xFFFF)
    bochs.cpu_set_fp_cw(0, 0x37F)
    bochs.cpu_set_fp_tw(0, 0xFFFF)
    bochs.cpu_set_eflags(0, 0x202)
    return cpu


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if place(ARENA, ARENA_SIZE):
        end(3, "no room for the program's memory")
    cpu = processor()
    first, stack = start(sys.argv[1:], os.environ)
    poke(KERNEL, bytes.fromhex("0f09 480f07"))  # wbinvd; sysretq
    # mov eax, 7; xor ecx, ecx; cpuid; mov edi, ebx; mov esi, ecx; mov eax, i32::MAX; syscall; xor edx, edx; jmp rax
    poke(KERNEL + PAGE, bytes.fromhex("b807000000 31c9 0fa2 89df 89ce b8ffffff7f 0f05 31d2 ffe0"))
    system.first = first
    bochs.cpu_set_pc(0, c_uint64(KERNEL + PAGE))
    bochs.cpu_set_sp(0, c_uint64(stack))
    bochs.cpu_set_mode(0)
    hooks = Hooks()
    hooks.cache_cntrl = ctypes.cast(on_cache_control, c_void_p).value
    hooks.exception = ctypes.cast(on_exception, c_void_p).value
    bochs.bochscpu_cpu_run(cpu, (c_void_p * 2)(ctypes.addressof(hooks), None))
    end(3, "the processor stopped")


main()
