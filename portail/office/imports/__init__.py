"""Files of pupils and guardians brought into the register: received, matched, tried dry, confirmed, undone."""
