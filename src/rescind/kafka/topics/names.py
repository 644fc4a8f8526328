"""What the topics are called."""

from dataclasses import dataclass

__all__ = ["TopicNames"]


@dataclass(frozen=True, slots=True)
class TopicNames:
    """The names under one prefix, with that of the lifecycle's group and of its producers."""

    prefix: str = "rescind."

    @property
    def start_requests(self) -> str:
        return self.prefix + "start-requests"

    @property
    def stop_requests(self) -> str:
        return self.prefix + "stop-requests"

    @property
    def journal(self) -> str:
        return self.prefix + "journal"

    @property
    def flow_states(self) -> str:
        return self.prefix + "flow-states"

    @property
    def task_states(self) -> str:
        return self.prefix + "task-states"

    @property
    def cancellations(self) -> str:
        return self.prefix + "cancellations"

    @property
    def open_flows(self) -> str:
        return self.prefix + "open-flows"

    @property
    def open_tasks(self) -> str:
        return self.prefix + "open-tasks"

    @property
    def runners(self) -> str:
        return self.prefix + "runners"

    @property
    def inbox(self) -> str:
        return self.prefix + "inbox"

    @property
    def heartbeats(self) -> str:
        return self.prefix + "heartbeats"

    @property
    def reminders(self) -> str:
        return self.prefix + "reminders"

    @property
    def dead_letters(self) -> str:
        return self.prefix + "dead-letters"

    @property
    def tokens(self) -> str:
        return self.prefix + "tokens"

    @property
    def lifecycle_group(self) -> str:
        """The consumer group of the lifecycle's workers."""
        return self.prefix + "lifecycle"

    def hook_group(self, name: str) -> str:
        """The group that keeps up to where a hook was told: it begins as that of the agents."""
        return f"{self.prefix}agents.hooks.{name}"

    @property
    def alarms_group(self) -> str:
        """The group that keeps up to where alarms were raised."""
        return f"{self.prefix}agents.alarms"

    def transactional_id(self, partition: int) -> str:
        """Who writes a partition: one id for each, so that a new owner fences the old one."""
        return f"{self.lifecycle_group}-{partition}"
