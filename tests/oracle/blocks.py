#!/usr/bin/env python3
"""Test vectors of ggml's block formats, from their definition: python3 tests/oracle/blocks.py > tests/oracle/blocks.txt

Needs NumPy. Each line is a format, the 32 numbers as f32 bits, and the block's bytes, in hexadecimal.
"""

import math
import numpy as np

f32 = np.float32


def half(d):
    return np.frombuffer(np.float16(d).astype("<f2").tobytes(), np.uint8)


def round_away(x):
    return math.copysign(math.floor(abs(float(x)) + 0.5), x)


def q8_0(x):
    d = f32(max(abs(v) for v in x)) / f32(127)
    scale = f32(1) / d if d != 0 else f32(0)
    codes = np.array([round_away(v * scale) for v in x], np.int8)
    return np.concatenate([half(d), codes.view(np.uint8)])


def q4_0(x):
    d = max([f32(0), *x], key=abs) / f32(-8)  # the first of equal magnitudes
    scale = f32(1) / d if d != 0 else f32(0)
    codes = [min(15, int(v * scale + f32(8.5))) for v in x]
    return np.concatenate([half(d), np.array([codes[j] | codes[j + 16] << 4 for j in range(16)], np.uint8)])


def blocks():
    r = np.random.default_rng(8)
    yield np.zeros(32, f32)
    yield np.full(32, -0.0, f32)
    yield np.full(32, 1.5, f32)
    yield np.full(32, -3.0, f32)
    yield (np.arange(32) - 16).astype(f32)
    yield (16 - np.arange(32)).astype(f32)
    yield np.array([1, -1] * 16, f32)  # equal magnitudes: the first one decides
    yield np.array([-1, 1] * 16, f32)
    yield np.array([127] + [k + 0.5 for k in range(31)], f32)  # ties
    yield np.array([-127] + [-k - 0.5 for k in range(31)], f32)
    yield np.array([-8] + [k / 2 - 8 for k in range(31)], f32)
    yield (r.standard_normal(32) * 1e-7).astype(f32)  # d is subnormal in f16
    yield (r.standard_normal(32) * 1e-12).astype(f32)  # d is 0 in f16
    yield (r.standard_normal(32) * 1e5).astype(f32)
    for _ in range(24):
        yield r.standard_normal(32).astype(f32)
    for _ in range(8):
        yield r.uniform(-1, 1, 32).astype(f32)


for x in blocks():
    bits = "".join(f"{b:08x}" for b in x.view(np.uint32))
    for name, quantize in ("Q8_0", q8_0), ("Q4_0", q4_0):
        print(name, bits, quantize(x).tobytes().hex())
