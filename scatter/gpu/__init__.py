"""A campaign that is prepared here and runs elsewhere, on a GPU with no more than torch there."""
