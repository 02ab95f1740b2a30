"""A PayFiP to practise with: the real protocol, the bank's pages, and a desk to provoke its failures.

It stands on its own: nothing of the portal is imported, and the portal reaches it by HTTP alone, exactly as it reaches
the real service. No money moves, no real card number is accepted.
"""
