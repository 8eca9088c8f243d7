"""Preload: what the processes of all workers share, imported and warmed up once, before they are forked.

torch starts no threads of its own here, with one thread for its kernels and no accelerator, so that a process
that has trained may still be forked.
"""

import gc

from lstm_core.runtime.serve import warm_up  # and with it all that a worker needs

warm_up()
gc.collect()
gc.freeze()  # a collection in a worker would otherwise write to every page, and so copy it
