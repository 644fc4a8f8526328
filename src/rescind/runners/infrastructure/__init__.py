"""Where a flow runner lives, and by what it is ended from outside: one backend a file.

`base` has the words and the protocol. `hosted` is the side of whoever was started so, `standing`
the side of whoever ends others.
"""
