"""What attackers write, and what builds of this program are made of."""
