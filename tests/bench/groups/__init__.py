"""One module a group of figures; each has `measure(options)`, which yields them as it finds them."""
