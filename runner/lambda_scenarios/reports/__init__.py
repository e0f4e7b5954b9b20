"""What a run tells: console, JUnit, HTML and JSON, rendered from records; and the spool that keeps them."""
