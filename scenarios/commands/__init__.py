"""Commands of the command line that need both sides. `cli.py` loads each only when it is called."""
