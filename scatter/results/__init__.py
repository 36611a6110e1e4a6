"""Campaigns' results: `results.h5` read back and checked, judged, and written for other programs.

It knows folders and files, and never a campaign that runs.
"""
