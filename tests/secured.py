"""A Kafka as clusters are that let nobody in unasked: TLS, passwords, and a rule for each right.

The tests' own embedded broker with another listener. Its controller listens in the open, which
nobody but the broker itself knows of.
"""

import itertools
import secrets
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import trustme
from confluent_kafka import admin
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from rescind.kafka.embedded.broker import EmbeddedBroker
from tests.broker import formatted_broker

__all__ = ["ADMIN", "Secured"]

# It does not declare as its own what its documentation names.
_kafka: Any = admin

ADMIN: Final = "root"
MECHANISM: Final = "SCRAM-SHA-512"
_TIMEOUT_SECONDS: Final = 60

_RESOURCES: Final = {
    "topic": _kafka.ResourceType.TOPIC,
    "group": _kafka.ResourceType.GROUP,
    "transactional-id": _kafka.ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS: Final = {
    "Read": _kafka.AclOperation.READ,
    "Write": _kafka.AclOperation.WRITE,
    "Describe": _kafka.AclOperation.DESCRIBE,
    "DescribeConfigs": _kafka.AclOperation.DESCRIBE_CONFIGS,
}


class _Guarded:
    """A broker behind TLS, with a certificate of an authority of its own. A context manager."""

    def __init__(self, folder: Path, properties: Mapping[str, str]) -> None:
        self.authority = trustme.CA()
        self.authority_file = folder / "authority.pem"
        self.authority.cert_pem.write_to_path(self.authority_file)
        key_file = folder / "broker.pem"
        key_file.write_bytes(_key_and_chain(self.authority.issue_cert("127.0.0.1")))
        given = {
            # The listener keeps the name that the embedded broker gives it.
            "inter.broker.listener.name": "PLAINTEXT",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(key_file),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.authority_file),
        }
        self._broker: EmbeddedBroker = formatted_broker(folder, properties={**given, **properties})

    def __enter__(self) -> Self:
        self._broker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._broker.stop()

    @property
    def bootstrap(self) -> str:
        return self._broker.bootstrap


class Certified(_Guarded):
    """It lets in whoever shows a certificate of the same authority."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            folder,
            {
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:SSL",
                "ssl.client.auth": "required",
            },
        )
        issued = self.authority.issue_cert("ada.example.org")
        self._cert_file, self._key_file = folder / "ada.pem", folder / "ada.key"
        issued.cert_chain_pems[0].write_to_path(self._cert_file)
        issued.private_key_pem.write_to_path(self._key_file)

    def settings(self) -> dict[str, Any]:
        """How a process of this service gets in."""
        return {
            "bootstrap": self.bootstrap,
            "security_protocol": "SSL",
            "tls_ca_file": self.authority_file,
            "tls_cert_file": self._cert_file,
            "tls_key_file": self._key_file,
        }


class Secured(_Guarded):
    """It lets in whoever has one of the `passwords`; what they may is for `allow` to say."""

    def __init__(self, folder: Path) -> None:
        self.passwords = {ADMIN: secrets.token_urlsafe(12)}
        module = "org.apache.kafka.common.security"
        authorizer = "org.apache.kafka.metadata.authorizer"
        password = self.passwords[ADMIN]
        users = f'username="{ADMIN}" password="{password}" user_{ADMIN}="{password}"'
        super().__init__(
            folder,
            {
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_SSL",
                "sasl.mechanism.inter.broker.protocol": "PLAIN",
                "sasl.enabled.mechanisms": f"PLAIN,{MECHANISM}",
                "listener.name.plaintext.plain.sasl.jaas.config": (
                    f"{module}.plain.PlainLoginModule required {users};"
                ),
                "listener.name.plaintext.scram-sha-512.sasl.jaas.config": (
                    f"{module}.scram.ScramLoginModule required;"
                ),
                "authorizer.class.name": f"{authorizer}.StandardAuthorizer",
                "super.users": f"User:{ADMIN};User:ANONYMOUS",
            },
        )

    def __enter__(self) -> Self:
        super().__enter__()
        self._admin = _kafka.AdminClient(self.librdkafka(ADMIN, "PLAIN"))
        return self

    def admit(self, users: Iterable[str]) -> None:
        """Give each a password."""
        wanted = list(users)
        self.passwords |= {user: secrets.token_urlsafe(12) for user in wanted}
        info = _kafka.ScramCredentialInfo(_kafka.ScramMechanism.SCRAM_SHA_512, 4096)
        credentials = [
            _kafka.UserScramCredentialUpsertion(user, info, self.passwords[user].encode())
            for user in wanted
        ]
        for done in self._admin.alter_user_scram_credentials(credentials).values():
            done.result(_TIMEOUT_SECONDS)

    def allow(self, commands: Iterable[str]) -> None:
        """Do what commands for Kafka's own tool would, of which each start of Java is a second."""
        rules = dict.fromkeys(rule for command in commands for rule in _rules(command))
        for done in self._admin.create_acls(list(rules)).values():
            done.result(_TIMEOUT_SECONDS)

    def settings(self, user: str) -> dict[str, Any]:
        """How a process of this service gets in."""
        return {
            "bootstrap": self.bootstrap,
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "PLAIN" if user == ADMIN else MECHANISM,
            "sasl_username": user,
            "sasl_password": self.passwords[user],
            "tls_ca_file": self.authority_file,
        }

    def librdkafka(self, user: str, mechanism: str = MECHANISM) -> dict[str, Any]:
        """How another client does."""
        return {
            "bootstrap.servers": self.bootstrap,
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": mechanism,
            "sasl.username": user,
            "sasl.password": self.passwords[user],
            "ssl.ca.location": str(self.authority_file),
        }


def _key_and_chain(issued: trustme.LeafCert) -> bytes:
    """In the one format of keys that Kafka reads."""
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return plain + b"".join(part.bytes() for part in issued.cert_chain_pems)


def _rules(command: str) -> list[Any]:
    """Those of one line of `kafka-acls.sh`; one that is read otherwise fails here."""
    words = shlex.split(command)
    given = list(itertools.pairwise(words))
    (who,) = [value for option, value in given if option == "--allow-principal"]
    ((kind, name),) = [(option[2:], value) for option, value in given if option[2:] in _RESOURCES]
    pattern = (
        _kafka.ResourcePatternType.PREFIXED
        if ("--resource-pattern-type", "prefixed") in given
        else _kafka.ResourcePatternType.LITERAL
    )
    operations = [_OPERATIONS[value] for option, value in given if option == "--operation"]
    assert operations, command
    return [
        _kafka.AclBinding(
            _RESOURCES[kind], name, pattern, who, "*", operation, _kafka.AclPermissionType.ALLOW
        )
        for operation in operations
    ]
