"""What ends the program with one sentence: a user's mistake, and results not to be trusted."""


class UserError(Exception):
    """A mistake that the user can mend: one sentence, exit code 2, no traceback.

    The sentence names the file, the table and key, the value, the rule and the likely fix,
    as far as each applies.
    """

    code = 2  # of the program's exit


class Untrusted(UserError):
    """Results that are there but shall not be taken as they are: one sentence, exit code 3."""

    code = 3
