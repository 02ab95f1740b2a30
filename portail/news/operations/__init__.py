"""Writes of the news room: the board, the messages to the town hall, the e-mails to send."""
