"""A transport is `send(Call) -> Reply`: over HTTP, or into a WSGI app of this process. The journal wraps one."""
