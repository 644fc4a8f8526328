"""What a broker says, or its certificate, when it does not let a client in; and what helps."""

import ssl
from typing import Final

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from rescind.kafka.clients.certificates import certificate_remedy

__all__ = ["remedy_of"]

_NOT_KNOWN: Final = (
    "see RESCIND_SASL_USERNAME and RESCIND_SASL_PASSWORD, "
    "and that RESCIND_SASL_MECHANISM is one that it offers"
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
            return certificate_remedy(
                error,
                whose="the broker",
                authority_by="RESCIND_TLS_CA_FILE",
                named_by="RESCIND_BOOTSTRAP",
            )
        case _:
            return ""
