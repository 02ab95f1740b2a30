"""The operator's and the clock's face: the command `portail`, and the demonstration world."""
