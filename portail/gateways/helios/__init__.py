"""Hélios, the Treasury's accounting: titres and ORMC rolls as PES v2 Aller files; a plain CSV for finance editors."""
