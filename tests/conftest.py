"""What every test shares. Only what several folders need lives here."""

from __future__ import annotations

import signal
import threading

# A script started in the background ignores SIGINT, and so would every process that a test starts and interrupts.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
