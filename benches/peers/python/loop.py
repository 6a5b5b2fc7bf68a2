"""The other half of src/python.rs: `prepare ...` makes a function ready, `run CALLS` says the nanoseconds of one call, after
one that wakes threads and warms caches."""
import sys
import time


def serve(version, prepare):
    run = None
    print(version, flush=True)
    for line in sys.stdin:
        words = line.split()
        if words[0] == "prepare":
            run = None
            run = prepare(*words[1:])
            run()
            print("ready", flush=True)
        else:
            calls = int(words[1])
            run()
            start = time.perf_counter_ns()
            for _ in range(calls):
                run()
            print((time.perf_counter_ns() - start) / calls, flush=True)
