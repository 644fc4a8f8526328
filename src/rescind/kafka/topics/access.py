"""Who may do what with which topic, as commands for Kafka's own tool.

With these, only the lifecycle can write the journal and everything that follows from it. A
cluster must have an authorizer, and not allow everyone where there is no rule.
"""

from dataclasses import dataclass

from rescind.kafka.topics.names import TopicNames

__all__ = ["acl_commands"]


@dataclass(frozen=True, slots=True)
class _Role:
    """What one kind of process reads and writes, by full topic name, and its groups."""

    user: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    group_prefix: str | None = None
    transactional: bool = False


def acl_commands(names: TopicNames, bootstrap: str, users: dict[str, str] | None = None) -> str:
    """Return a shell script. ``users`` maps a role to the cluster's name for it.

    Roles: ``worker``, ``agents``, ``server``, ``runner``, ``requester`` (may ask for cancels),
    ``admin`` (gives out tokens, and sends dead letters again).
    """
    named = {"worker", "agents", "server", "runner", "requester", "admin"}
    chosen = {role: f"rescind-{role}" for role in sorted(named)} | (users or {})
    lines = [
        "#!/bin/sh",
        "# COMMAND_CONFIG: a file by which Kafka's own tools get in, if they need one.",
        "set -eu",
    ]
    for role in _roles(names, chosen):
        lines.append("")
        lines += [
            f"{_TOOL} {_GETS_IN} --bootstrap-server {bootstrap} --add {rule}"
            for rule in _rules(role, names)
        ]
    return "\n".join(lines) + "\n"


_TOOL = "kafka-acls.sh"
_GETS_IN = '${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"}'


def _rules(role: _Role, names: TopicNames) -> list[str]:
    who = f"--allow-principal 'User:{role.user}'"
    rules = [f"{who} --operation Read --topic '{name}'" for name in role.reads]
    rules += [f"{who} --operation Write --topic '{name}'" for name in role.writes]
    # The check at the start compares all topics with what they must be. Without `Describe` the
    # others would seem to be missing.
    prefixed = "--resource-pattern-type prefixed"
    looks = "--operation Describe --operation DescribeConfigs"
    rules.append(f"{who} {looks} --topic '{names.prefix}' {prefixed}")
    if role.group_prefix:
        rules.append(f"{who} --operation Read --group '{role.group_prefix}' {prefixed}")
    if role.transactional:
        rules.append(
            f"{who} --operation Write --operation Describe "
            f"--transactional-id '{names.lifecycle_group}-' {prefixed}"
        )
    return rules


def _roles(names: TopicNames, users: dict[str, str]) -> list[_Role]:
    lanes = (names.start_requests, names.stop_requests)
    restored = (names.open_flows, names.open_tasks, names.runners)
    public = (names.journal, names.flow_states, names.task_states, names.cancellations)
    return [
        _Role(
            users["worker"],
            reads=(*lanes, *restored, names.heartbeats),
            # The lanes: what it forwards, and what it asks of other partitions and of itself.
            writes=(*public, *restored, names.inbox, names.dead_letters, names.heartbeats, *lanes),
            group_prefix=names.lifecycle_group,
            transactional=True,
        ),
        _Role(
            users["agents"],
            reads=(*public, *restored, names.heartbeats),
            writes=(names.stop_requests, names.heartbeats, names.reminders, names.dead_letters),
            group_prefix=f"{names.prefix}agents",
        ),
        _Role(
            users["server"],
            reads=(*public, names.runners, names.dead_letters, names.heartbeats, names.tokens),
            writes=(names.stop_requests,),
        ),
        _Role(
            users["runner"],
            reads=(names.inbox, names.reminders, names.flow_states, names.journal),
            writes=(*lanes, names.heartbeats),
        ),
        _Role(users["requester"], reads=public, writes=(names.stop_requests,)),
        _Role(
            users["admin"],
            reads=(*public, names.dead_letters, names.tokens),
            writes=(*lanes, names.tokens),
        ),
    ]
