"""The journal of paid tasks, kept in a database for each skill."""
