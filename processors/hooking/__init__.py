"""How hooks are told of cancellations: what, in which order, how insistently, and up to where."""
