"""From a campaign's folder to what people read: tables, figures, pages, and doubts in words.

It never runs a trajectory, so all of it works on results that came from elsewhere.
"""
