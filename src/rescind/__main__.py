"""``python -m rescind``: the command, where the script of that name is not on the path."""

from rescind.cli.main import main

main()
