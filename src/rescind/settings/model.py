"""`Settings`: every setting, with its default and its checks."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import platformdirs
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from rescind.events import levels
from rescind.settings.hooks import Hook, HookName

__all__ = ["PREFIX", "Settings", "config_file", "default_data_dir"]

PREFIX = "RESCIND_"

# Without a prefix is one of the ways to name topics.
_MAY_BE_EMPTY: Final = "RESCIND_TOPIC_PREFIX"

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def config_file() -> Path:
    """Where the settings file is, or would be."""
    return Path(os.environ.get("RESCIND_CONFIG") or "rescind.toml")


def default_data_dir() -> Path:
    """Where data and logs are kept unless `data_dir` is set."""
    return platformdirs.user_data_path("rescind")


class Settings(BaseSettings):
    """Every setting, with its default. Durations are seconds.

    What stands below each is its line in the reference.
    """

    # An empty variable is one that is not set: deployment files write `NAME=${NAME:-}`.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
    )

    bootstrap: str | None = None
    """Brokers as `host:port`, separated by commas. Unset: the embedded one, by its state file."""
    topic_prefix: str = Field(default="rescind.", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    """What the names of all topics begin with."""
    partitions: int | None = Field(default=None, ge=1, le=1024)
    """Of each topic, when it is made. Unset: 4 with the embedded broker, 12 else."""
    replication_factor: int | None = Field(default=None, ge=1, le=16)
    """Of each topic, when it is made. Unset: 1 with one broker, else 3 or as many as there are."""

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How Kafka is reached. `SASL_…` needs a name and a password."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """How the password is shown to Kafka."""
    sasl_username: str | None = None
    """Who this process is to Kafka."""
    sasl_password: SecretStr | None = None
    """Its password there."""
    tls_ca_file: Path | None = None
    """Who signs the brokers' certificates (PEM). Unset: whom this machine trusts."""
    tls_cert_file: Path | None = None
    """This process's own certificate (PEM), where brokers ask for one."""
    tls_key_file: Path | None = None
    """The key of that certificate (PEM)."""
    tls_key_password: SecretStr | None = None
    """What that key is locked with."""
    tls_check_hostname: bool = True
    """Whether a broker's certificate must name the host that was asked for."""

    data_dir: Path = Field(default_factory=default_data_dir)
    """Where data and logs of this machine are kept."""
    cache_dir: Path = Field(default_factory=lambda: platformdirs.user_cache_path("rescind"))
    """Where what can be downloaded again is kept: Kafka's program files."""
    database_url: SecretStr | None = None
    """The read model's, `sqlite:///…` or `postgresql://…`. Unset: SQLite, in `data_dir`."""

    embedded_port: int = Field(default=19092, ge=0, le=65535)
    """On this machine alone. 0: at a free port. Unset: at another one if it is taken."""
    embedded_heap_mb: int = Field(default=512, ge=128)
    """Memory of its Java, in MiB."""
    maven_repository: str | None = None
    """A mirror of Maven's repository, for machines that cannot reach the public one."""

    signing_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """16 characters or more each. The first signs, all verify: add a new one in front."""
    accept_unsigned_cancels: bool = True
    """Whether a cancel that nobody has signed counts. Who asked is then recorded as unverified."""

    access: Literal["open", "tokens"] | None = None
    """Who may ask over HTTP: everybody, or who has a token. Unset: `open` with the embedded broker
    on an address of this machine alone, else `tokens`."""

    instance_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]{1,200}$")
    """A worker's place in its group. Unset: the host and the first slot that is free there."""
    metrics_host: str = Field(default="127.0.0.1", min_length=1)
    """Where metrics of `worker`, `agents` and `runner` are scraped."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """The same. Unset: nowhere. 0: at a free port, which its log names."""
    log_format: Literal["json", "console"] | None = None
    """Of log lines. Unset: `console`, for people, at a terminal, and `json` else."""
    http_host: str = Field(default="127.0.0.1", min_length=1)
    """Where `rescind server` answers."""
    http_port: int = Field(default=19080, ge=0, le=65535)
    """The same. 0: at a free port, which its log names."""

    acknowledge_seconds: PositiveSeconds = 15
    """For how long a runner may leave an intent without a word, before it is told again."""
    grace_seconds: Seconds = 30
    """What running work is given to stop by itself, where a cancel does not say."""
    deadline_seconds: PositiveSeconds = 300
    """After which a cancellation ends, unconfirmed where need be, where a cancel does not say."""
    wait_seconds_max: PositiveSeconds = 86_400
    """For how long work that cannot be interrupted is waited for; never less than the deadline."""
    abort_seconds: PositiveSeconds = 30
    """The deadline of an abort."""
    heartbeat_seconds: PositiveSeconds = 5
    """How often a runner says that it is there."""
    lost_after_seconds: PositiveSeconds = 30
    """After how much silence a runner is given up. At least twice the time between heartbeats."""
    armed_seconds: PositiveSeconds = 86_400
    """For how long a cancel of an unknown flow run waits for its registration."""
    armed_max: int = Field(default=100_000, ge=0)
    """How many of these a partition keeps."""
    bulk_unconfirmed_max: int = Field(default=100, ge=0)
    """Flow runs that a bulk cancellation may mean without its count being confirmed."""
    forget_after_seconds: PositiveSeconds = 7 * 86_400
    """For how long a flow run that has ended is known, and a runner that is gone."""
    finished_max: int = Field(default=25_000, ge=1)
    """How many of each a partition keeps: more are forgotten earlier, the oldest first."""
    # Well below the 30 days after which the state topics forget a record.
    rewrite_after_seconds: PositiveSeconds = Field(default=7 * 86_400, le=15 * 86_400)
    """After which a state that has not changed is written again, so that Kafka keeps it."""
    feature_level: int = Field(default=levels.OLDEST, ge=levels.OLDEST)
    """In which shapes state is written, at least: raised when every worker has the new release."""

    hooks: dict[HookName, Hook] = Field(default_factory=dict[str, Hook])
    """Who is told of cancellations: a table `[hooks.NAME]` for each, see [hooks](hooks.md)."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # No dotenv and no folder of secrets: two places are enough to look in.
        file = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        if isinstance(env_settings, EnvSettingsSource) and os.environ.get(_MAY_BE_EMPTY) == "":
            empty = {_MAY_BE_EMPTY.lower(): ""}
            env_settings.env_vars = {**env_settings.env_vars, **empty}
        return init_settings, env_settings, file

    @field_validator("signing_keys", mode="before")
    @classmethod
    def _keys_in_a_variable_are_separated_by_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("signing_keys")
    @classmethod
    def _keys_are_long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 16 for key in keys):
            raise ValueError("keys of at least 16 characters")
        return keys

    @field_validator("feature_level")
    @classmethod
    def _level_is_one_that_can_be_read_back(cls, level: int) -> int:
        if level > levels.NEWEST:
            raise ValueError(f"a feature level of this release, which knows up to {levels.NEWEST}")
        return level

    @field_validator("bootstrap")
    @classmethod
    def _addresses_have_ports(cls, value: str | None) -> str | None:
        if value is None or not value.strip():
            return None
        for address in value.split(","):
            host, _, port = address.strip().rpartition(":")
            if not host or not port.isdecimal() or not 0 < int(port) < 65536:
                raise ValueError("addresses of the form host:port, separated by commas")
        return value

    @model_validator(mode="after")
    def _what_belongs_together_is_together(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_username and self.sasl_password
        ):
            raise ValueError(
                "sasl_username|given together with RESCIND_SASL_PASSWORD "
                f"when RESCIND_SECURITY_PROTOCOL is {self.security_protocol}"
            )
        if self.lost_after_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                "lost_after_seconds|at least twice RESCIND_HEARTBEAT_SECONDS, "
                "or one late heartbeat ends a run"
            )
        for name in ("tls_ca_file", "tls_cert_file", "tls_key_file"):
            path: Path | None = getattr(self, name)
            if path is not None and not path.is_file():
                raise ValueError(f"{name}|the path of a file that exists (no such file: {path})")
        return self

    @property
    def is_embedded(self) -> bool:
        """True if no cluster is named, so that the embedded broker is meant."""
        return self.bootstrap is None

    @property
    def partition_count(self) -> int:
        """Partitions of every topic to be made."""
        return self.partitions or (4 if self.is_embedded else 12)

    def printable(self) -> dict[str, str]:
        """Each setting under the name of its variable, without secrets: for a log or a person."""
        return {
            PREFIX + name.upper(): _shown(getattr(self, name)) for name in type(self).model_fields
        }


def _shown(value: object) -> str:
    if value in ((), {}):
        return ""
    return "" if value is None else str(value)
