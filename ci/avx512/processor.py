"""The processor of Bochs, as `bochscpu-python` 0.4.0 has it, with its faults mended."""

import ctypes
import glob
import importlib.util
import os
import struct
import sys
from ctypes import c_int, c_long, c_size_t, c_uint64, c_void_p

PAGE = 1 << 12

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = c_void_p
libc.mmap.argtypes = [c_void_p, c_size_t, c_int, c_int, c_int, c_long]
libc.syscall.restype = c_long


def end(status, message):
    print(f"emulate: {message}", file=sys.stderr, flush=True)
    os._exit(status)


def library():
    """The shared library of the package: its C interface, not its Python one."""
    # What goes before its own functions.
    if "EMULATE_PRELOAD" in os.environ:
        ctypes.CDLL(os.environ.pop("EMULATE_PRELOAD"), mode=ctypes.RTLD_GLOBAL)
    (folder,) = importlib.util.find_spec("bochscpu").submodule_search_locations
    (path,) = glob.glob(os.path.join(folder, "_bochscpu*.so"))
    lib = ctypes.CDLL(path)
    for name in ("bochscpu_cpu_new", "sim_get_param_enum"):
        getattr(lib, name).restype = c_void_p
    for name in ("cpu_get_reg64", "cpu_get_pc", "cpu_get_cr2"):
        getattr(lib, name).restype = c_uint64
    return lib


def mend(lib):
    """Makes the processor do what Intel's manual says where this Bochs does not.

    The functions that are changed are found by their names, and what is changed in them must be as expected. One fault
    more is mended in preload.c.
    """
    # Right shifts of 64 bits by exactly 64 give 0 or the sign, not the operand. It asks whether the counts of `psrlq`
    # and `vpsravq` are above 64, and those of `psllq` whether above 63. Name, places, size.
    for name, places, size in (
        ("20HANDLE_SSE_SHIFT_IMMIXadL_Z9xmm_psrlqP12bx_xmm_reg_tm", 1, 0xA0),
        ("17HANDLE_SSE_PSHIFTIXadL_Z9xmm_psrlqP12bx_xmm_reg_tm", 1, 0xA0),
        ("20HANDLE_AVX_SHIFT_IMMIXadL_Z9xmm_psrlqP12bx_xmm_reg_tm", 1, 0xA0),
        ("17HANDLE_AVX_PSHIFTIXadL_Z9xmm_psrlqP12bx_xmm_reg_tm", 1, 0xA0),
        ("37HANDLE_AVX512_SHIFT_IMM_QWORD_EL_MASKIXadL_Z9xmm_psrlqP12bx_xmm_reg_tm", 1, 0xA0),
        ("34HANDLE_AVX512_PSHIFT_QWORD_EL_MASKIXadL_Z9xmm_psrlqP12bx_xmm_reg_tm", 1, 0xA0),
        ("14HANDLE_AVX_2OPIXadL_Z10xmm_psravqP12bx_xmm_reg_tPKS1_", 8, 0x324),
        ("31HANDLE_AVX512_2OP_QWORD_EL_MASKIXadL_Z10xmm_psravqP12bx_xmm_reg_tPKS1_", 8, 0x22A),
    ):
        symbol = getattr(lib, f"_ZN8BX_CPU_C{name}EEEEvP15bxInstruction_c")
        address = ctypes.cast(symbol, c_void_p).value
        code = ctypes.string_at(address, size)
        # `cmp cl` or `cmp rcx` with 64 before a jump if above, with 65 before a move if not below.
        compares = [bytes((opcode, 0xF9, count)) for opcode in (0x80, 0x83) for count in (64, 65)]
        found = [i + 2 for i in range(size - 2) if code[i : i + 3] in compares]
        if len(found) != places or libc.mprotect(c_void_p(address & -PAGE), c_size_t(2 * PAGE), 7):
            end(3, f"{name} is not as expected")
        for i in found:
            ctypes.memset(address + i, code[i] - 1, 1)
    # `vpcompressb` and `vpcompressw` of all 64 or 32 lanes give these, not 0: the mask of the result's n lanes, which
    # is never empty where all 512 bits are meant, was (1 << n) - 1 and becomes (2 << (n - 1)) - 1.
    for name, old, new in (
        ("23VPCOMPRESSB_MASK_WdqVdq", "b801000000 48d3e0 4883e801", "6a0258 ffc9 48d3e0 48ffc8 90"),
        ("23VPCOMPRESSW_MASK_WdqVdq", "b801000000 d3e0 83e801", "6a0258 ffc9 d3e0 ffc8 90"),
    ):
        address = ctypes.cast(getattr(lib, f"_ZN8BX_CPU_C{name}EP15bxInstruction_c"), c_void_p).value
        code, old, new = ctypes.string_at(address, 0x1D0), bytes.fromhex(old), bytes.fromhex(new)
        if code.count(old) != 1 or libc.mprotect(c_void_p(address & -PAGE), c_size_t(2 * PAGE), 7):
            end(3, f"{name} is not as expected")
        ctypes.memmove(address + code.index(old), new, len(new))
    # `vpexpandb` and `vpexpandw` read as many lanes from memory as the mask has bits, from the first on, not those of
    # the mask: the whole register is loaded (no page of ours is missing), and they take what they need.
    table = ctypes.addressof(ctypes.c_char.in_dll(lib, "BxOpcodesTable"))
    for lane in "BW":
        load, masked, expand = (
            ctypes.cast(getattr(lib, f"_ZN8BX_CPU_C{name}EP15bxInstruction_c"), c_void_p).value
            for name in ("11LOAD_Vector", f"17LOAD_MASK_Vector{lane}", f"22VPEXPAND{lane}_MASK_VdqWdqR")
        )
        address = table + ctypes.string_at(table, 86352).find(struct.pack("<QQ", masked, expand))
        if address < table or libc.mprotect(c_void_p(address & -PAGE), c_size_t(2 * PAGE), 3):
            end(3, f"VPEXPAND{lane} is not as expected")
        ctypes.memmove(address, struct.pack("<Q", load), 8)


bochs = library()
mend(bochs)
