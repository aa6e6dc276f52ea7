"""The living example: a conference laid round now, people who talk in it, and doors without passwords."""
