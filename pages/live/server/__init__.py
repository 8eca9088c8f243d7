"""The server's side of the live channel: the app's state, its routes, its security headers and its logs.

app.py, panels and the other packages of live/ may import it. Start with state.py, then socket.py.
"""
