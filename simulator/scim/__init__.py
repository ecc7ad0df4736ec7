"""What the client puts on and reads off the wire, as values. Pure."""
