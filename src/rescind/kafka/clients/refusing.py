"""What a broker says, or its certificate, when it does not let a client in; and what helps."""

import ssl
from typing import Final

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

__all__ = ["remedy_of"]

_NOT_KNOWN: Final = (
    "see RESCIND_SASL_USERNAME and RESCIND_SASL_PASSWORD, "
    "and that RESCIND_SASL_MECHANISM is one that it offers"
)
_NOT_TRUSTED: Final = (
    "set RESCIND_TLS_CA_FILE to the certificate of the authority that has signed the broker's, "
    "and RESCIND_BOOTSTRAP to a name that is in it"
)


def remedy_of(error: BaseException) -> str:
    """What to do, if it is of no use to ask again; empty otherwise."""
    match error:
        case (
            AuthenticationFailedError()
            | AuthenticationMethodNotSupported()
            | SaslAuthenticationFailed()
            | UnsupportedSaslMechanismError()
        ):
            return _NOT_KNOWN
        case ssl.SSLCertVerificationError():
            return _NOT_TRUSTED
        case _:
            return ""
