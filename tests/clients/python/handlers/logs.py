"""Handlers that log; the module logs while it is loaded. The event's `case` names the function."""

import logging
import warnings

logger = logging.getLogger()
logger.warning("while loading")
logging.basicConfig(level=logging.DEBUG, format="not used: %(message)s")
logging.getLogger("shop").info("below the level, or not")


def handler(event, context):
    return globals()[event["case"]](event)


def levels(event):
    for level in (5, 10, 20, 25, 30, 40, 50, 60):
        logger.log(level, "level %s", level)


def exception(event):
    try:
        return {}["missing"]
    except KeyError:
        logger.exception("look-up failed")


def multi_line(event):
    logger.error("first\nsecond\n")


def mapping(event):
    logger.warning({"order": "o-17", "amount": 3})


def mapping_not_serialisable(event):
    logger.warning({"order": {1}})


def with_extra(event):
    logger.warning("extra", extra={"order": "o-17", "thing": object, "level": "taken"})


def child_logger(event):
    logging.getLogger("shop.orders").warning("from below")


def level_of_its_own(event):
    own = logging.getLogger("verbose")
    own.setLevel(logging.DEBUG)
    own.debug("now shown")


def stack_info(event):
    logger.warning("with the stack above the handler left out")


def handlers_of_root(event):
    return [type(h).__name__ for h in logger.handlers] + [logger.level]


def formatter_of_its_own(event):
    handler = logger.handlers[0]
    before = handler.formatter
    handler.setFormatter(logging.Formatter("mine: %(aws_request_id)s %(message)s;\n"))
    logger.warning("formatted")
    handler.setFormatter(before)


def sink(event):
    logger.handlers[0].log_sink.log("through the sink\n")


def captured_warnings(event):
    logging.captureWarnings(True)
    warnings.warn_explicit("captured", UserWarning, "module.py", 7)
    logging.captureWarnings(False)


def bad_arguments(event):
    logging.raiseExceptions = False
    logger.warning("%d", "text")
    logging.raiseExceptions = True


def and_fail(event):
    logger.error("before it fails")
    raise ValueError("failed")


def non_ascii(event):
    logger.warning("Grüße 😀")


def no_level_left(event):
    logging.disable(logging.CRITICAL)
    logger.critical("not shown")
    logging.disable(logging.NOTSET)
