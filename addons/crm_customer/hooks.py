def post_init_hook(env):
    """Give the customers of an existing database their identities; keys are made by a cron."""
    env["crm.identity"]._rebuild()
    env.ref("crm_customer.ir_cron_match_keys")._trigger()


def uninstall_hook(env):
    """Drop the table of the matching keys, which the ORM does not know."""
    env.cr.execute("DROP TABLE IF EXISTS crm_match_key")
