# The part of the client that Rescind uses; in the package's own types most of it is unknown.
