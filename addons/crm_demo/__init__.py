from .builder import build


def post_init_hook(env):
    """Build the demonstration company when the addon is installed."""
    build(env)
