"""How fast, how small and how exact: `python -m tests.bench [NAME …] [--json FILE]`.

Every figure stands beside its reference, and both are measured in alternation within one run: machines
differ, and so does one machine from minute to minute, but the ratio of two neighbours hardly does.
"""
