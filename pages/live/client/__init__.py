"""The browser's side of the live channel, and component.py, which mounts a panel's JavaScript on a page.

Whatever shows something that streams may import it. Start with component.py, then loader.js and channel.js.
"""
