def post_init_hook(env):
    """Give the customers of an existing database their identities."""
    env["crm.identity"]._rebuild()
