"""MatMulInteger (`prepare M K N ACTIVATIONS WEIGHTS EXACT DIRECTORY`) for src/python.rs, with one thread.

Writes the codes and the product as `a`, `b`, `y` to the directory, whose name has no spaces.

ACTIVATIONS is the largest code; WEIGHTS is `per-tensor` or `per-column` (of the normal distribution, quantized
symmetrically) or `uniform` (any byte). EXACT is 1 for the option `session.x64quantprecision`: without it the products of bytes saturate to
16 bits on CPUs without VNNI.
"""
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
import loop

value = helper.make_tensor_value_info


def prepare(m, k, n, largest, weights, exact, directory):
    m, k, n, largest = map(int, (m, k, n, largest))
    rng = np.random.default_rng(1)
    a = rng.integers(0, largest + 1, (m, k)).astype(np.uint8)
    if weights != "uniform":
        real = rng.standard_normal((k, n)).astype(np.float32)
        b = np.rint(real * (127 / np.abs(real).max(axis=0 if weights == "per-column" else None))).astype(np.int8)
    else:
        b = rng.integers(-128, 128, (k, n)).astype(np.int8)
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"])
    inputs, outputs = [value("a", TensorProto.UINT8, [m, k])], [value("y", TensorProto.INT32, [m, n])]
    graph = helper.make_graph([node], "g", inputs, outputs, [numpy_helper.from_array(b, "b")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=9)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    if exact == "1":
        options.add_session_config_entry("session.x64quantprecision", "1")
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    y = np.zeros((m, n), np.int32)
    out = ort.OrtValue.ortvalue_from_numpy(y)
    binding = session.io_binding()
    binding.bind_ortvalue_input("a", ort.OrtValue.ortvalue_from_numpy(a))
    binding.bind_ortvalue_output("y", out)
    session.run_with_iobinding(binding)
    a.tofile(directory + "/a")
    b.tofile(directory + "/b")
    out.numpy().tofile(directory + "/y")
    return lambda: session.run_with_iobinding(binding)


loop.serve(f"onnxruntime {ort.__version__}", prepare)
