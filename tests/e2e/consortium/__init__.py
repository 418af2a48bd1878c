"""Networks of one's own, launched from a file: how their members govern them, and what they survive."""
