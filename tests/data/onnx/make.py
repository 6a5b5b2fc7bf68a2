#!/usr/bin/env python3
"""Stores what ONNX Runtime's QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear give.

    pip install onnxruntime onnx numpy
    python3 make.py                       # cases.bin, which `cargo test --test quantize` reads
    python3 make.py --values 2000000 FILE # more of the same; OMNILANE_ONNX_CASES=FILE cargo test --test quantize onnx

A record is a line of text and raw little-endian arrays:

    quantize CODE REAL SCALE_BITS ZERO_POINT N     N reals, N codes (4-bit ones as bytes)
    dequantize CODE REAL SCALE_BITS ZERO_POINT N   N codes, N reals
    dynamic u8 f32 SCALE_BITS ZERO_POINT N         N reals, N codes; scale and zero point are what was found

SCALE_BITS are those of the scale as f32. NaN is left out: there omnilane has its own rule.
"""
import argparse
import sys
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

CODES = {  # numpy type in a record, ONNX type, smallest, largest
    "i8": (np.int8, TensorProto.INT8, -128, 127),
    "u8": (np.uint8, TensorProto.UINT8, 0, 255),
    "i16": (np.int16, TensorProto.INT16, -32768, 32767),
    "u16": (np.uint16, TensorProto.UINT16, 0, 65535),
    "i4": (np.int8, TensorProto.INT4, -8, 7),
    "u4": (np.uint8, TensorProto.UINT4, 0, 15),
}
REALS = {"f32": (np.float32, TensorProto.FLOAT), "f16": (np.float16, TensorProto.FLOAT16)}
SCALES = [0.00214854861, 1 / 127, 0.1, 1.0, 3.7e-3, 0.5, 12345.678, 1e-20, 1e25, 1e-36, 3e-40]


def session(nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    # The operators as they stand: no pair of them folded away.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def constants(code, real, scale, zero):
    _, onnx_code, _, _ = CODES[code]
    return [
        helper.make_tensor("s", REALS[real][1], [], [REALS[real][0](scale)]),
        helper.make_tensor("z", onnx_code, [], [zero]),
    ]


def quantize(code, real, scale, zero, x):
    numpy_code, onnx_code, _, _ = CODES[code]
    wide = TensorProto.INT8 if numpy_code == np.int8 else TensorProto.UINT8
    nodes = [helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"])]
    out = "q"
    if code in ("i4", "u4"):
        nodes.append(helper.make_node("Cast", ["q"], ["w"], to=wide))
        out, onnx_code = "w", wide
    value = helper.make_tensor_value_info
    s = session(nodes, [value("x", REALS[real][1], ["n"])], [value(out, onnx_code, ["n"])],
                constants(code, real, scale, zero))
    return s.run([out], {"x": x})[0].astype(numpy_code)


def dequantize(code, real, scale, zero, q):
    numpy_code, onnx_code, _, _ = CODES[code]
    nodes, first, kind = [], "q", onnx_code
    if code in ("i4", "u4"):
        kind = TensorProto.INT8 if numpy_code == np.int8 else TensorProto.UINT8
        nodes, first = [helper.make_node("Cast", ["q"], ["n"], to=onnx_code)], "n"
    nodes.append(helper.make_node("DequantizeLinear", [first, "s", "z"], ["y"]))
    value = helper.make_tensor_value_info
    s = session(nodes, [value("q", kind, ["m"])], [value("y", REALS[real][1], ["m"])],
                constants(code, real, scale, zero))
    return s.run(["y"], {"q": q})[0]


def dynamic(x):
    value = helper.make_tensor_value_info
    s = session([helper.make_node("DynamicQuantizeLinear", ["x"], ["y", "s", "z"])],
                [value("x", TensorProto.FLOAT, ["n"])],
                [value("y", TensorProto.UINT8, ["n"]), value("s", TensorProto.FLOAT, []),
                 value("z", TensorProto.UINT8, [])])
    return s.run(["y", "s", "z"], {"x": x})


def values(rng, real, scale, zero, low, high, n):
    """Random values inside the range and around it, ties and their neighbours, and what is special."""
    steps = np.concatenate([
        rng.uniform(low - zero - 3, high - zero + 3, n // 2),
        rng.integers(low - zero - 2, high - zero + 3, n // 4) + 0.5,
        rng.standard_normal(n // 8) * (high - low),
    ])
    with np.errstate(over="ignore", under="ignore"):
        x = (steps * np.float64(scale)).astype(np.float32)
        near = x[n // 2:n // 2 + n // 4]
        near = np.concatenate([np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))])
        bits = rng.integers(0, 1 << 32, n // 8, dtype=np.uint64).astype(np.uint32).view(np.float32)
        special = np.array([0.0, -0.0, np.inf, -np.inf, 3e9, -3e9, 3.4028235e38, -3.4028235e38, 1e-45, -1e-45,
                            1.1754942e-38, 1.17549435e-38, 0.273939937, 0.5, 1.5, 2.5, -0.5, -1.5], np.float32)
        x = np.concatenate([x, near[:n // 8], bits[~np.isnan(bits)], special])
        return x.astype(REALS[real][0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", default=__file__.replace("make.py", "cases.bin"))
    parser.add_argument("--values", type=int, default=160)
    args = parser.parse_args()
    rng = np.random.default_rng(20240917)
    count = 0
    with open(args.file, "wb") as f:
        def record(op, code, real, scale, zero, *arrays):
            nonlocal count
            bits = int(np.float32(scale).view(np.uint32))
            f.write(f"{op} {code} {real} {bits} {zero} {arrays[0].size}\n".encode())
            for a in arrays:
                f.write(a.astype(a.dtype.newbyteorder("<")).tobytes())
            count += arrays[0].size

        for code, (numpy_code, _, low, high) in CODES.items():
            for i, scale in enumerate(SCALES):
                zero = [0, low, high, (low + high + 1) // 2 + 3][i % 4]
                zero = min(max(zero, low), high)
                real = "f32"
                x = values(rng, real, np.float32(scale), zero, low, high, args.values)
                record("quantize", code, real, scale, zero, x, quantize(code, real, scale, zero, x))
                q = rng.integers(low, high + 1, args.values).astype(numpy_code)
                record("dequantize", code, real, scale, zero, q, dequantize(code, real, scale, zero, q))
            for scale, zero in [(np.float16(0.05), 1), (np.float16(2.0), 0)]:
                x = values(rng, "f16", np.float32(scale), zero, low, high, args.values)
                q = rng.integers(low, high + 1, args.values).astype(numpy_code)
                for op, array, run in (("quantize", x, quantize), ("dequantize", q, dequantize)):
                    try:
                        record(op, code, "f16", scale, zero, array, run(code, "f16", scale, zero, array))
                    except Exception as e:  # an operator that this ONNX Runtime does not have
                        print(f"left out: {op} {code} f16: {str(e).splitlines()[0][:120]}", file=sys.stderr)
        n = args.values
        for x in [rng.standard_normal(n), rng.uniform(0, 1, n), rng.uniform(-7, -3, n), rng.standard_normal(n) * 1e-30,
                  rng.standard_normal(n) * 1e30, np.zeros(n), np.full(n, 3.5), np.full(n, -0.1), np.array([42.0]),
                  rng.standard_normal(n) * 10.0 ** rng.integers(-20, 20, n), np.array([0, 2, -3, -2.5, 1.34, 0.5])]:
            x = x.astype(np.float32)
            q, scale, zero = dynamic(x)
            record("dynamic", "u8", "f32", scale, int(zero), x, q)
    print(f"{args.file}: {count} elements of onnxruntime {ort.__version__}")


main()
