"""Values of the domain: frozen dataclasses and enums. No I/O, no clock, no chance."""
