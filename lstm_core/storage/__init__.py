"""Runs as bytes: configs, checkpoints, files on the disk, the archive that is taken home, and their sizes.

It imports experiments and what lies below. Start with checkpoint.py, then store.py and run_files.py.
"""
