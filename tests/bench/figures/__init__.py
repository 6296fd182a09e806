"""The figures, one module each: `run(bench)` measures and returns rows of the table."""
