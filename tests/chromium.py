"""How Chromium is started by the browser tests and the bench."""

# it has no network but this machine's here, and need not try
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
