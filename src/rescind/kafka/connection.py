"""How to reach Kafka: the address and what every client of it needs to be let in.

A `Connection` is what the other parts of this room take; it is made once, from the settings.
It holds no socket. Whether the broker is one that this release supports is asked by
`require_supported_broker`, at the start of a process and not at each connection.
"""

import ssl
from dataclasses import dataclass, field
from typing import Any

from rescind.errors import BrokerUnavailableError, SettingsError
from rescind.kafka.embedded.state import read_state
from rescind.settings import Settings

__all__ = ["Connection", "connect"]


@dataclass(frozen=True, slots=True)
class Connection:
    """An address, ``host:port`` once or more, and how to get in."""

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)

    def options(self) -> dict[str, Any]:
        """Keyword arguments that every client of aiokafka takes."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security_protocol,
        }
        if self.ssl_context is not None:
            options["ssl_context"] = self.ssl_context
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        return options


def connect(settings: Settings) -> Connection:
    """Return the way to the cluster of the settings, or to the embedded broker that runs.

    Raises `BrokerUnavailableError` if no cluster is named and no embedded broker runs, and
    `SettingsError` if a certificate cannot be loaded. Nothing is sent.
    """
    password = settings.sasl_password
    return Connection(
        bootstrap=settings.bootstrap or _embedded(settings),
        security_protocol=settings.security_protocol,
        sasl_mechanism=settings.sasl_mechanism,
        sasl_username=settings.sasl_username,
        sasl_password=password.get_secret_value() if password else None,
        ssl_context=_ssl_context(settings) if "SSL" in settings.security_protocol else None,
    )


def _embedded(settings: Settings) -> str:
    state = read_state(settings.data_dir)
    if state is None:
        raise BrokerUnavailableError(
            f"the address in {settings.data_dir}",
            "no embedded Kafka runs on that folder",
            "run `rescind up`, or set RESCIND_BOOTSTRAP to the address of a cluster",
        )
    return state.bootstrap


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.tls_ca_file)
    except (ssl.SSLError, OSError) as error:
        raise _unusable("RESCIND_TLS_CA_FILE", settings.tls_ca_file, error) from None
    context.check_hostname = settings.tls_check_hostname
    if settings.tls_cert_file is not None:
        password = settings.tls_key_password
        # Without one, Python would ask for it at the terminal, for ever in a service.
        secret = password.get_secret_value() if password else ""
        try:
            context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, lambda: secret)
        except (ssl.SSLError, OSError) as error:
            raise _unusable("RESCIND_TLS_CERT_FILE", settings.tls_cert_file, error) from None
    return context


def _unusable(name: str, path: object, error: Exception) -> SettingsError:
    expected = "a file of certificates in PEM, with its key and the right password"
    return SettingsError([(name, expected, f"{path} ({error})")])
