"""Who asks: the command ``rescind``.

Thin on purpose. What a command knows it reads from the topics, as any consumer could, and what
it wants it asks by a request, as any producer could; nothing here decides about a run. Each
prints for a person or, with ``--json``, for a program, and ends with a code of `exits`.
"""
