"""The entry point of the program; of the package, only this module is imported at first.

A ^C while the rest is still being imported ends the process at once and without a traceback.
"""

# The C module behind `signal`, whose own import gives a ^C time to strike; typeshed doesn't know it.
import _signal  # type: ignore[import-not-found]  # it has no stubs
import gc
import os

_signal.signal(_signal.SIGINT, _signal.SIG_DFL)
# The objects of a short-lived process are few and long-lived: the collector would only walk them.
gc.disable()


def console_script() -> None:
    """Runs the command line, and exits with its status."""
    from lambda_scenarios.cli.main import console_script as run

    try:
        run()
    except KeyboardInterrupt:  # one more, while the first was being told
        os._exit(130)
