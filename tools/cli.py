"""The command line: one parser per command, each with its own help."""

import argparse
import signal
import sys
import traceback

from . import processes, upkeep
from .errors import SuiteError
from .platform import Platform
from .progress import say
from .workspace import Workspace

DESCRIPTION = "Odoo 19 Community with this suite: everything that is missing is set up on the way."


def main(root, arguments=None):
    """Run one command and return its exit code."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    # a shell starts its background jobs deaf to Ctrl-C, and would make our children so
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGHUP, _terminate)
    try:
        return options.function(Workspace(root, odoo=options.odoo, db=_db(options)), options) or 0
    except SuiteError as error:
        say()
        print(error, file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        say("\nstopped; run the command again to go on from here")
        return 130
    except BrokenPipeError:
        return 141
    except Exception:
        traceback.print_exc()
        print("This is a defect of ./suite itself.", file=sys.stderr)
        return 70
    finally:
        processes.stop_all()


def _terminate(_signal, _frame):
    raise KeyboardInterrupt


def _db(options):
    given = {
        "host": options.db_host,
        "port": options.db_port,
        "user": options.db_user,
        "password": options.db_password,
    }
    return {name: value for name, value in given.items() if value}


def build_parser():
    parser = argparse.ArgumentParser(prog="./suite", description=DESCRIPTION)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, add_options, function, text in COMMANDS:
        command = commands.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            parents=[_common()],
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        add_options(command)
        command.set_defaults(function=function)
    return parser


def _common():
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("environment")
    group.add_argument(
        "--odoo",
        metavar="PATH",
        help="an Odoo 19 of your own (a checkout or an unpacked package); also ODOO_HOME",
    )
    group.add_argument(
        "--db-host", metavar="HOST", help="an existing PostgreSQL server instead of the private one"
    )
    group.add_argument("--db-port", metavar="PORT", type=int)
    group.add_argument("--db-user", metavar="USER")
    group.add_argument("--db-password", metavar="PASSWORD")
    return common


# -- test --------------------------------------------------------------------------------


def _test_options(parser):
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="folders or files below addons/ or tests/ (PATH::Class::test too); none: all",
    )
    parser.add_argument(
        "-k", dest="keyword", metavar="EXPRESSION", help="only tests whose name matches"
    )
    parser.add_argument(
        "-x", dest="exitfirst", action="store_true", help="stop at the first failure"
    )
    parser.add_argument("-v", dest="verbose", action="store_true", help="one line a test")
    parser.add_argument(
        "-n",
        dest="processes",
        type=int,
        metavar="N",
        help="worker processes, each on its own copy of the database "
        "(default: 1, and 2 for everything on a machine with several cores)",
    )
    parser.add_argument(
        "--core",
        nargs="+",
        metavar="MODULE",
        help="run Odoo's own tests of these modules with the suite and without, and compare",
    )
    parser.add_argument(
        "--pytest-arg",
        action="append",
        default=[],
        metavar="ARG",
        help="passed on to pytest, as in --pytest-arg=--durations=10",
    )


def _test(workspace, options):
    platform = Platform(workspace).prepare()
    options.color = sys.stdout.isatty()
    if options.core:
        from .core_tests import CoreTests

        return CoreTests(platform).run(options.core)
    from .runner import Runner

    return Runner(platform, options).run()


def _lint_options(parser):
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files or folders; none means the whole repository"
    )
    parser.add_argument("--fix", action="store_true", help="first rewrite what can be rewritten")


def _lint(workspace, options):
    from .lint import Lint

    result = Lint(Platform(workspace).prepare()).check(options.paths, fix=options.fix)
    return 1 if result.failed else 0


# -- bench, i18n -----------------------------------------------------------------------------


def _bench_options(parser):
    parser.add_argument("names", nargs="*", metavar="NAME", help="a file of tests/benchmarks/")
    parser.add_argument(
        "--set",
        dest="values",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change a size of the benchmark, as in --set lines=10000",
    )


def _bench(workspace, options):
    from . import bench

    if not options.names:
        say("benchmarks: " + (", ".join(bench.names(workspace.root)) or "none yet"))
        return 0
    benchmarks = bench.Benchmarks(Platform(workspace).prepare())
    values = dict(value.split("=", 1) for value in options.values)
    return max(benchmarks.run(name, values) for name in options.names)


def _i18n_options(parser):
    parser.add_argument("addons", nargs="*", metavar="ADDON", help="none means all of them")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, only say what is wrong"
    )


def _i18n(workspace, options):
    from . import i18n

    return i18n.command(Platform(workspace).prepare(), options.addons, options.check)


# -- run, shell, psql, start, stop, clean ------------------------------------------------------


def _run_options(parser):
    parser.add_argument(
        "--port", type=int, default=8069, help="port on this machine (default: 8069)"
    )
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="build the demonstration company anew; what was entered is lost",
    )
    parser.add_argument(
        "--dev", metavar="FEATURES", help="passed on to Odoo, as in --dev xml,reload"
    )


def _run(workspace, options):
    from .demo import Demo

    return Demo(Platform(workspace).prepare(), options).serve()


def _database_options(parser):
    parser.add_argument(
        "-d", "--database", metavar="NAME", help="another database than the demonstration company's"
    )
    parser.add_argument(
        "--test",
        dest="server",
        action="store_const",
        const="test",
        default="run",
        help="a database of the test server",
    )


def _shell(workspace, options):
    platform = Platform(workspace).prepare()
    with platform.databases(options.server) as databases:
        return upkeep.shell(
            workspace, databases, upkeep.choose_database(databases, options.database)
        )


def _psql_options(parser):
    _database_options(parser)
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="passed on to psql, after --"
    )


def _psql(workspace, options):
    platform = Platform(workspace).prepare()
    arguments = [argument for argument in options.arguments if argument != "--"]
    with platform.databases(options.server) as databases:
        return upkeep.psql(
            databases, upkeep.choose_database(databases, options.database), arguments
        )


def _no_options(_parser):
    pass


def _start(workspace, _options):
    platform = Platform(workspace).prepare()
    with platform.databases("test") as databases:
        marker = getattr(databases.server, "keep_marker", None)
        if marker:
            marker.touch()
        template = databases.template(platform.addons)
        for name, value in {**databases.server.environment, "ODOO_RC": databases.config}.items():
            say(f"export {name}={value}")
        say(f"# template database: {template}; programs: {workspace.venv / 'bin'}")
    return 0


def _stop(workspace, _options):
    upkeep.stop(workspace)


def _clean_options(parser):
    parser.add_argument(
        "--databases",
        action="store_true",
        help="only the databases; Odoo and the Python packages stay",
    )


def _clean(workspace, options):
    upkeep.clean(workspace, databases_only=options.databases)


COMMANDS = [
    (
        "run",
        _run_options,
        _run,
        "Serve the demonstration company.\n\nThe first start builds it, the next ones take\n"
        "seconds; changed addons are updated in place.",
    ),
    (
        "test",
        _test_options,
        _test,
        "Run tests.\n\nWithout PATH everything: the addons' own tests, stories, browser journeys,\n"
        "lint, translations.",
    ),
    ("lint", _lint_options, _lint, "Check style with ruff, pylint-odoo, prettier and eslint."),
    (
        "bench",
        _bench_options,
        _bench,
        "Run benchmarks and write bench/results/NAME.json.\n\nWithout NAME: which there are.",
    ),
    (
        "i18n",
        _i18n_options,
        _i18n,
        "Export the addons' terms, update zh_CN, and say what is missing or out of date.",
    ),
    (
        "shell",
        _database_options,
        _shell,
        "Python with Odoo's environment (env) on the demonstration company.",
    ),
    ("psql", _psql_options, _psql, "PostgreSQL's client on the demonstration company."),
    (
        "start",
        _no_options,
        _start,
        "Set everything up and leave the test database server running.\n\nPrints the environment\n"
        "variables "
        "for tools of your own; ./suite stop ends the server.",
    ),
    ("stop", _no_options, _stop, "End the served Odoo and the database servers of this checkout."),
    ("clean", _clean_options, _clean, "Remove everything that ./suite made below .suite/."),
]
