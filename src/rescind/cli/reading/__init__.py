"""What commands know: the state topics folded, and ids found in them. A consumer like any other."""
