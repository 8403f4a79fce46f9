"""What can go wrong with the browser."""


class BrowserError(Exception):
    """The browser refused a command, or could not do what was asked."""


class BrowserGone(BrowserError):
    """The browser ended, or closed its pipe, while it was needed."""


class BrowserTimeout(BrowserError):
    """The browser did not answer within the time allowed."""
