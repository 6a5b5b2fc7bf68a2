"""Kernels of OpenCV (`prepare cv2 KERNEL SIDE THREADS`) and NumPy (`prepare numpy normalize SIDE 1`) for src/python.rs."""
import cv2
import numpy as np
import loop


def prepare(library, kernel, side, threads):
    side = int(side)
    cv2.setNumThreads(int(threads))
    rng = np.random.default_rng(1)
    if kernel == "normalize":
        src = rng.integers(0, 256, (side, side), np.uint8).astype(np.float32)
        dst = np.empty_like(src)
        if library == "numpy":
            def numpy():
                np.subtract(src, src.mean(dtype=np.float64).astype(np.float32), out=dst)
                np.divide(dst, np.float32(src.std(dtype=np.float64) + 1e-8), out=dst)
            return numpy

        def normalize():
            mean, std = cv2.meanStdDev(src)
            mean, scale = mean[0, 0], 1 / (std[0, 0] + 1e-8)
            cv2.addWeighted(src, scale, src, 0, -mean * scale, dst)
        return normalize
    channels = {"gray": 4, "gray_rgb": 3, "threshold": 1}[kernel]
    src = rng.integers(0, 256, (side, side, channels), np.uint8)
    dst = np.empty((side, side), np.uint8)
    if kernel == "threshold":
        src = src.reshape(side, side)
        return lambda: cv2.threshold(src, 127, 255, cv2.THRESH_BINARY, dst)
    code = cv2.COLOR_RGBA2GRAY if kernel == "gray" else cv2.COLOR_RGB2GRAY
    return lambda: cv2.cvtColor(src, code, dst)


loop.serve(f"OpenCV {cv2.__version__}, NumPy {np.__version__}", prepare)
