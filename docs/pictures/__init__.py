"""Makes the pictures of the documentation anew: `make pictures`.

A service on an embedded Kafka is given a small world (`story`), and a headless Chromium looks at
each page of it (`looking`). Nothing is drawn or retouched by hand.
"""
