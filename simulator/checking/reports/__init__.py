"""A report of checks as text, JSON, JUnit, one HTML page, and annotations of CI runners."""
