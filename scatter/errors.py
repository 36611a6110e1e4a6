"""The one error that a user's mistake becomes."""


class UserError(Exception):
    """A mistake that the user can mend: one sentence, exit code 2, no traceback.

    The sentence names the file, the table and key, the value, the rule and the likely fix,
    as far as each applies.
    """
