"""What a session comes to, for people: words, figures and one HTML file."""
