"""Commands of the command line that need the simulator alone. `cli.py` loads each only when it is called."""
