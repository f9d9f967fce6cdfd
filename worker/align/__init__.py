"""When each word of a take is heard."""
