"""The configuration that Odoo is started with: the repository's, and what the machine adds."""

import configparser

#: ``odoo.conf`` options that name an existing server, and what they are called here
SERVER_OPTIONS = {
    "db_host": "host",
    "db_port": "port",
    "db_user": "user",
    "db_password": "password",
}
EMPTY = {"", "false", "none"}


def read(workspace):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(workspace.root / "odoo.conf", encoding="utf-8")
    return dict(parser["options"]) if parser.has_section("options") else {}


def server_options(workspace):
    """The PostgreSQL server that ``odoo.conf`` names, or an empty dictionary."""
    options = read(workspace)
    return {
        short: options[name]
        for name, short in SERVER_OPTIONS.items()
        if options.get(name, "").strip().lower() not in EMPTY
    }


def write(workspace, tree, server, name, **more):
    """Write ``.suite/<name>/odoo.conf`` and return its path.

    :param more: options that this use of Odoo sets on top
    """
    folder = workspace.folder(name)
    addons = [*tree.addons_paths, workspace.addons]
    options = {
        **read(workspace),
        "addons_path": ",".join(str(path) for path in addons if path.is_dir()),
        "data_dir": str(workspace.folder("data", name)),
        "db_host": server.host,
        "db_port": str(server.port),
        "db_user": server.user,
        **({"db_password": server.password} if server.password else {}),
        "screenshots": str(workspace.folder("screenshots")),
        **{option: str(value) for option, value in more.items()},
    }
    parser = configparser.ConfigParser(interpolation=None)
    parser["options"] = options
    path = folder / "odoo.conf"
    partial = path.with_suffix(".partial")
    with open(partial, "w", encoding="utf-8") as handle:
        parser.write(handle)
    partial.chmod(0o600)
    partial.replace(path)
    return path
