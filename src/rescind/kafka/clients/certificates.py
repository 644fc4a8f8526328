"""What to do when the certificate of whoever answers is not accepted, by what is wrong with it.

OpenSSL says it by a number; the names are those of `openssl verify`.
"""

import ssl
from typing import Final

__all__ = ["certificate_remedy"]

_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10
# Signed by itself, by one that is so, by one that nobody here knows, or shown without its own.
_NOT_TRUSTED: Final = frozenset({18, 19, 20, 21})
# Another host's, another address's.
_OTHER_NAME: Final = frozenset({62, 64})


def certificate_remedy(
    error: ssl.SSLCertVerificationError, *, whose: str, authority_by: str, named_by: str
) -> str:
    """One line.

    Args:
        error: what the handshake came to.
        whose: who has the certificate, as in "the broker".
        authority_by: what names the file of those who are trusted.
        named_by: what names who is asked.

    """
    code = error.verify_code
    if code == _EXPIRED:
        return f"the certificate of {whose} has expired: renew it there, or set this clock right"
    if code == _NOT_YET_VALID:
        return f"the certificate of {whose} is not valid yet: see its dates, and this clock"
    if code in _OTHER_NAME:
        return f"let {named_by} have a name that is in the certificate of {whose}"
    if code in _NOT_TRUSTED:
        return (
            f"set {authority_by} to the certificate of the authority "
            f"that has signed that of {whose}"
        )
    return f"see what is wrong with the certificate of {whose}, and renew it there"
