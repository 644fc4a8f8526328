"""Who asks the server, and what they may: tokens for programs, sessions for people."""
