"""Errors that end the program with one sentence: a user's mistake, or untrustworthy results."""


class UserError(Exception):
    """A mistake that the user can correct: one sentence, exit code 2, no traceback.

    The sentence names the file, the table and key, the value, the rule and the likely fix,
    as far as each applies.
    """

    code = 2  # exit code of the program


class Untrusted(UserError):
    """Results exist but must not be trusted as they are: one sentence, exit code 3."""

    code = 3
