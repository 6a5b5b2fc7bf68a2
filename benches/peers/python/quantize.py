"""One ONNX operator (`prepare OPERATOR CODE N`) for src/python.rs.

N pseudo-random values, one thread; output goes to a buffer that was bound before, so that no allocation is timed.
"""
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper
import loop

TYPES = {"u8": (np.uint8, TensorProto.UINT8), "i8": (np.int8, TensorProto.INT8), "f16": (np.float16, TensorProto.FLOAT16)}
value = helper.make_tensor_value_info


def prepare(operator, code, n):
    n = int(n)
    if operator == "percentile":
        x = np.random.default_rng(1).standard_normal(n).astype(np.float32)
        if code == "a":
            return lambda: np.percentile(x, [0.005, 99.995])
        return lambda: np.percentile(np.abs(x), [99.99])
    numpy_code, onnx_code = TYPES[code]
    rng = np.random.default_rng(1)
    x = rng.standard_normal(n).astype(np.float32)
    constants = []
    inputs, outputs = [value("x", TensorProto.FLOAT, [n])], [value("y", onnx_code, [n])]
    if operator in ("QuantizeLinear", "DequantizeLinear"):
        constants = [helper.make_tensor("s", TensorProto.FLOAT, [], [0.03]),
                     helper.make_tensor("z", onnx_code, [], [3])]
    if operator == "QuantizeLinear":
        node = helper.make_node(operator, ["x", "s", "z"], ["y"])
    elif operator == "DequantizeLinear":
        node = helper.make_node(operator, ["x", "s", "z"], ["y"])
        x = rng.integers(0, 128, n).astype(numpy_code)
        inputs, outputs = [value("x", onnx_code, [n])], [value("y", TensorProto.FLOAT, [n])]
    elif operator == "Cast":
        node = helper.make_node(operator, ["x"], ["y"], to=onnx_code)
    else:
        node = helper.make_node(operator, ["x"], ["y", "s", "z"])
        outputs += [value("s", TensorProto.FLOAT, []), value("z", TensorProto.UINT8, [])]
    graph = helper.make_graph([node], "g", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(x))
    for i, out in enumerate(outputs):
        dims = [d.dim_value for d in out.type.tensor_type.shape.dim]
        kind = helper.tensor_dtype_to_np_dtype(out.type.tensor_type.elem_type)
        binding.bind_ortvalue_output(out.name, ort.OrtValue.ortvalue_from_numpy(np.zeros(dims, kind)))
    return lambda: session.run_with_iobinding(binding)


loop.serve(f"onnxruntime {ort.__version__}, NumPy {np.__version__}", prepare)
