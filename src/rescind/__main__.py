"""``python -m rescind``: the command, where the script of that name is not on the path."""

from rescind.cli.main import main

# Processes that Python spawns import this module again, under another name.
if __name__ == "__main__":
    main()
