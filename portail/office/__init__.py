"""The town hall's face: what the people of the service enfance see and do (features M1 to M9)."""
