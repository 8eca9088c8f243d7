"""Before anything is imported: saved runs of the tests go to a folder of their own."""

import os
import tempfile

os.environ["LSTM_DATA"] = tempfile.mkdtemp(prefix="lstm-runs-")
