"""AppTest starts Streamlit's runtime for each test, which looks for components in every installed package.
That takes half a second, and finds the same each time.
"""

from functools import cache

from streamlit.components.v2 import manifest_scanner

manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
