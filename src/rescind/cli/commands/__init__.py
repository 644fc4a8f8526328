"""The commands' names, arguments and help. What they do is imported when they are called.

So `rescind --help` is quick, and a command says which extra it needs where that is missing.
"""
