"""Trusting a potential: errors, elastic and thermal properties, barriers, paired sticking."""
