"""What the town offers and when: activities, cut-offs, calendar, closures, périscotidien (feature M2)."""
