/* What goes before the functions of bochscpu-python. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* It is built with a newer glibc than Debian's, which has these under other names. */
unsigned long long __isoc23_strtoull(const char *s, char **end, int base) { return strtoull(s, end, base); }
int __isoc23_sscanf(const char *s, const char *format, ...) {
  va_list list;
  va_start(list, format);
  int n = vsscanf(s, format, list);
  va_end(list);
  return n;
}

/* It tells of each instruction, branch and access; that nobody listens makes it half as fast again. */
#define DEAF(name) void bx_instr_##name(void) {}
DEAF(before_execution) DEAF(after_execution) DEAF(repeat_iteration) DEAF(opcode) DEAF(prefetch_hint)
DEAF(cnear_branch_taken) DEAF(cnear_branch_not_taken) DEAF(ucnear_branch) DEAF(far_branch)
DEAF(lin_access) DEAF(phy_access)

/* vrsqrt14: Bochs' own gives 2 for 0.5, and is as wrong for every odd power of two. 14 bits of the root here. */
#define RSQRT(name, uint, real, exponent, fraction)                                                            \
  uint name(uint a, _Bool daz) {                                                                               \
    const uint sign = (uint)1 << (exponent + fraction), one = 1, infinite = sign - (one << fraction);          \
    uint size = a & ~sign, bits;                                                                               \
    if (size > infinite) return a | one << (fraction - 1);                                                     \
    if (size == 0 || (daz && size < one << fraction)) return (a & sign) | infinite;                            \
    if (a & sign) return sign | infinite | one << (fraction - 1);                                              \
    real x;                                                                                                    \
    memcpy(&x, &a, sizeof x);                                                                                  \
    x = (real)(1 / sqrt((double)x));                                                                           \
    memcpy(&bits, &x, sizeof x);                                                                               \
    return bits & -(one << (fraction - 14));                                                                   \
  }
RSQRT(_Z19approximate_rsqrt14jb, uint32_t, float, 8, 23)
RSQRT(_Z19approximate_rsqrt14mb, uint64_t, double, 11, 52)
