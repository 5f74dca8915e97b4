"""Self-tests: what to do, how far one is, and what it amounts to; with no link, clock or screen.

tests       the table: one row a test
procedure   walks through one leg of one: samples and events in, what to show out
outcome     both legs against each other and against the last test, with what is told apart
"""
