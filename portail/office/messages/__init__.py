"""What the town hall tells families and what they write to it: news, menus, e-mails, requests (features M6, N5)."""
