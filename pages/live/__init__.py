"""From the run to the browser and back without a script run: socket, figures, inputs, film, presenter mode.

Panels and all above them may import it. Start with server/socket.py and client/component.py.
"""
