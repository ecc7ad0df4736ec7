"""What a run is told as: terminal text, JUnit XML, JSON, one HTML page."""
