"""Feedback, the listening: who may be asked, what they answered, and what anybody wanted to say."""
