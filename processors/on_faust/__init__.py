"""How a process lives on Faust, and the shim that makes Faust read what is committed only."""
