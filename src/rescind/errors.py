"""Every error that Rescind raises, as one tree.

    RescindError
    ├── SettingsError             a setting is missing or wrong
    ├── BrokerError               Kafka cannot be used as it is
    │   ├── BrokerUnavailableError    nothing answers at the address
    │   ├── BrokerUnsupportedError    something answers, but too old or too new
    │   ├── BrokerStartError          the embedded broker ended before it answered
    │   ├── BrokerRunningError        another embedded broker uses the same data folder
    │   ├── PortTakenError            an embedded broker cannot listen where it should
    │   ├── DownloadError             its files cannot be had, or are not the pinned ones
    │   ├── TopicsError               topics are missing or differ from what the design needs
    │   ├── OutOfRangeError           records that were to be read are not kept any more
    │   ├── RecordTooLargeError       a record is larger than its topic takes
    │   ├── FencedError               somebody else owns this partition now
    │   ├── InstanceTakenError        another worker has joined under this one's name
    │   ├── UncertainError            a commit may have happened, or not
    │   ├── TransactionFailedError    a transaction did certainly not happen
    │   └── StalledError              there is lag, the partition is ours, and nothing comes
    ├── JournalError              the journal cannot be read as a journal
    │   ├── NoTransitionError         an event that the run's state has no edge for
    │   ├── UnknownEventError         written by a newer release than this one
    │   ├── UnreadableEventError      not an event at all
    │   └── UnreadableStateError      a state record that this release cannot restore
    ├── RunnerError               a runner cannot do what was asked of it
    │   ├── RefusedError              the service refused a request of this runner
    │   ├── RunnerLostError           the service has given this runner up
    │   ├── RunnerClosedError         a client was used outside of its ``with``
    │   ├── WouldWaitError            a callback called what waits for the caller itself
    │   ├── CannotInterruptError      this executor cannot work here (no free main thread)
    │   ├── AttemptHeldError          an executor was given an attempt that it has already
    │   ├── ExecutorClosedError       an executor was given work after its shutdown
    │   ├── SupervisorError           no process could be made to look after work
    │   ├── ArgumentsNotSentError     a call cannot be sent to a process of its own
    │   ├── ResultNotSentError        what it returned cannot be sent back
    │   ├── UnsupportedTaskError      a task or flow that cannot be run as it is
    │   ├── ParametersError           a flow was given parameters that it does not take
    │   ├── WrongPlaceError           something was called where it cannot work
    │   └── FlowImportError           the user's file or flow cannot be loaded
    ├── CommandError              the command ``rescind`` cannot do what it was told
    │   ├── UnknownRunError           no flow run has this id, or one that begins so
    │   ├── AmbiguousIdError          more than one flow run has an id that begins so
    │   ├── NoAnswerError             a request is in Kafka, and nobody has answered it yet
    │   ├── AlreadyUpError            ``rescind up`` runs on this data folder
    │   ├── NotReadyError             a service was started, and does not do its work in time
    │   ├── FilesError                a folder that was named has not what is needed
    │   └── ExtraMissingError         this installation lacks the packages of an extra
    ├── CommandFailedError        a command ended with an exit code other than 0
    ├── TaskCancelledError        ``.result()`` of a task run that was cancelled
    └── TaskFailedError           ``.result()`` of a task run that failed

``rescind.Cancelled`` is not here: it is what user code sees when it is interrupted, and a
``BaseException``, so that ``except Exception`` does not swallow it.
"""

from collections.abc import Sequence

__all__ = ["RescindError"]


class RescindError(Exception):
    """The root: catch it to catch everything that Rescind raises on purpose."""


class SettingsError(RescindError):
    """Settings are missing or wrong.

    ``problems`` has one ``(name, expected, got)`` for each, the name as in the environment;
    what was got is left out (``None``) where it could be a secret.
    """

    def __init__(self, problems: Sequence[tuple[str, str, str | None]]) -> None:
        super().__init__(tuple(problems))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        lines = [
            f"expected {name} to be {expected}" + (f", but it is {got}" if got is not None else "")
            for name, expected, got in self.problems
        ]
        return "; ".join(lines) + " (set it in the environment or in rescind.toml)"


class BrokerError(RescindError):
    """Kafka cannot be used as it is."""


class BrokerUnavailableError(BrokerError):
    """Nothing that speaks Kafka answers at the address."""

    def __init__(self, address: str, why: str = "", remedy: str = "") -> None:
        super().__init__(address, why, remedy)
        self.address = address
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        remedy = self.remedy or "start it, or set RESCIND_BOOTSTRAP to the address of one that runs"
        return f"expected a Kafka broker at {self.address}, but none answered{why}; {remedy}"


class BrokerUnsupportedError(BrokerError):
    """A broker answers, but it is too old or too new for this release."""

    def __init__(self, address: str, found: str, supported: str) -> None:
        super().__init__(address, found, supported)
        self.address = address
        self.found = found
        self.supported = supported

    def __str__(self) -> str:
        return (
            f"expected Apache Kafka {self.supported} at {self.address}, but it is {self.found}; "
            "upgrade the broker, or use the embedded one (`rescind up`)"
        )


class BrokerStartError(BrokerError):
    """The embedded broker ended, or hung, before it answered. ``tail`` is the end of its log."""

    def __init__(self, why: str, log_file: str, tail: str, remedy: str) -> None:
        super().__init__(why, log_file, tail, remedy)
        self.why = why
        self.log_file = log_file
        self.tail = tail
        self.remedy = remedy

    def __str__(self) -> str:
        tail = f"; the last lines of {self.log_file}:\n{self.tail}" if self.tail else ""
        return f"expected the embedded Kafka to start, but {self.why}; {self.remedy}{tail}"


class BrokerRunningError(BrokerError):
    """Another embedded broker uses the same data folder."""

    def __init__(self, folder: str, pid: int | None) -> None:
        super().__init__(folder, pid)
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        who = f" (process {self.pid})" if self.pid else ""
        return (
            f"expected {self.folder} to be free, but another embedded Kafka{who} uses it; "
            "use that one, stop it, or choose another folder by RESCIND_DATA_DIR"
        )


class PortTakenError(BrokerError):
    """The embedded broker was told to listen on one port, and another program does."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.port = port

    def __str__(self) -> str:
        return (
            f"expected port {self.port} on 127.0.0.1 to be free, but another program listens "
            "there; stop it, or choose another port by RESCIND_EMBEDDED_PORT"
        )


class DownloadError(BrokerError):
    """A file of the embedded broker cannot be had, or is not the pinned one."""

    def __init__(self, file: str, why: str, remedy: str = "") -> None:
        super().__init__(file, why, remedy)
        self.file = file
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        remedy = self.remedy or "check the network and try again, or set RESCIND_BOOTSTRAP"
        return f"expected to download {self.file}, but {self.why}; {remedy}"


class TopicsError(BrokerError):
    """Topics are missing or differ from what the design needs; one sentence for each."""

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(tuple(differences))
        self.differences = tuple(differences)

    def __str__(self) -> str:
        return "expected the topics as `rescind topics describe` lists them, but " + "; ".join(
            self.differences
        )


class OutOfRangeError(BrokerError):
    """Records from ``position`` to before ``first`` are gone: kept for less long than needed.

    ``end`` is the offset after the last record. A position after it means that the topic has
    been made anew, or that it is another cluster.
    """

    def __init__(self, topic: str, partition: int, position: int, first: int, end: int) -> None:
        super().__init__(topic, partition, position, first, end)
        self.topic = topic
        self.partition = partition
        self.position = position
        self.first = first
        self.end = end

    def __str__(self) -> str:
        return (
            f"expected {self.topic}[{self.partition}] to have offset {self.position}, "
            f"but it has {self.first} to {self.end}; see the retention of the topic"
        )


class RecordTooLargeError(BrokerError):
    """A record is larger than its topic takes. Nothing was sent; sending it again is useless."""

    def __init__(self, topic: str, size_bytes: int, size_bytes_max: int) -> None:
        super().__init__(topic, size_bytes, size_bytes_max)
        self.topic = topic
        self.size_bytes = size_bytes
        self.size_bytes_max = size_bytes_max

    def __str__(self) -> str:
        return (
            f"expected a record of at most {self.size_bytes_max} bytes for {self.topic!r}, "
            f"but it has {self.size_bytes}; split it, or raise max.message.bytes of the topic"
        )


class FencedError(BrokerError):
    """Somebody else has started the producer of this partition: it is not ours any more.

    If it was fenced while it committed, only ``@position`` says whether that happened. Start
    again only if the group still says that the partition is ours, and after a jitter, or two
    owners fence each other for ever.
    """

    def __init__(self, transactional_id: str) -> None:
        super().__init__(transactional_id)
        self.transactional_id = transactional_id

    def __str__(self) -> str:
        return (
            f"expected to be the only producer of {self.transactional_id!r}, "
            "but another has taken over; give the partition up"
        )


class InstanceTakenError(BrokerError):
    """Another worker has joined the group under the instance id of this one, which must go.

    Two that live would take the name from each other for ever, and serve little in between.
    """

    def __init__(self, instance_id: str, group: str) -> None:
        super().__init__(instance_id, group)
        self.instance_id = instance_id
        self.group = group

    def __str__(self) -> str:
        return (
            f"expected to be the only worker called {self.instance_id!r} in {self.group!r}, but "
            "another one has joined under that name; give each a RESCIND_INSTANCE_ID of its own, "
            "or leave it out"
        )


class UncertainError(BrokerError):
    """A commit was asked for and no answer came: it may have happened, or not.

    Start the producer again, which settles it, then read ``@position`` to learn which.
    """

    def __init__(self, transactional_id: str, why: str) -> None:
        super().__init__(transactional_id, why)
        self.transactional_id = transactional_id
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected an answer to the commit of {self.transactional_id!r}, but {self.why}; "
            "start the producer again and read what was committed"
        )


class TransactionFailedError(BrokerError):
    """A transaction did certainly not happen. Start the producer again before the next one."""

    def __init__(self, transactional_id: str, why: str) -> None:
        super().__init__(transactional_id, why)
        self.transactional_id = transactional_id
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a transaction of {self.transactional_id!r} to be written, "
            f"but {self.why}; start the producer again and repeat it"
        )


class StalledError(BrokerError):
    """A consumer has had lag for a while and gets nothing, without any error from the client.

    Known of the client after some broker restarts. The way out is a new consumer, which
    usually means a new process.
    """

    def __init__(self, partition: str, lag_records: int, seconds: float) -> None:
        super().__init__(partition, lag_records, seconds)
        self.partition = partition
        self.lag_records = lag_records
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"expected records of {self.partition}, which is {self.lag_records} behind, "
            f"but none came for {self.seconds:.0f} s; restart this process"
        )


class JournalError(RescindError):
    """The journal cannot be read as a journal. Nothing is guessed: the reader stops."""


class UnknownEventError(JournalError):
    """The journal holds an event that a newer release has written.

    Folding half of what it says would write a guess into a state, so the reader stops.
    Upgrade this process to at least the release that wrote it.
    """

    def __init__(self, event_type: str, field: str = "") -> None:
        super().__init__(event_type, field)
        self.event_type = event_type
        self.field = field

    def __str__(self) -> str:
        what = (
            f"field {self.field!r} of {self.event_type!r}" if self.field else repr(self.event_type)
        )
        return (
            f"expected an event that this release knows, but got {what}; "
            "upgrade this process to the release that writes it"
        )


class UnreadableEventError(JournalError):
    """A record of the journal is not an event. Somebody else writes to the topic."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected an event of the journal, but got something else ({self.why}); "
            "only the lifecycle may write this topic: `rescind topics acls` prints the rights"
        )


class NoTransitionError(JournalError):
    """The journal holds an event that the run's state has no edge for.

    Either two writers shared a run or a release changed the table. The lifecycle quarantines
    the flow run: guessing would write the guess into every replica.
    """

    def __init__(self, run_id: str, state: str, event: str) -> None:
        # The raw values, not the sentence, go to Exception: it pickles by its args, and these
        # errors cross process pools.
        super().__init__(run_id, state, event)
        self.run_id = run_id
        self.state = state
        self.event = event

    def __str__(self) -> str:
        return (
            f"expected an event that {self.state!r} allows, "
            f"but run {self.run_id!r} got {self.event!r}"
        )


class UnreadableStateError(JournalError):
    """A record of the service's own state cannot be restored.

    A newer release has written it, or somebody else has. The worker leaves the partition to
    one that can read it.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a state record that this release can restore, but got {self.why}; "
            "upgrade this worker to the release that writes it"
        )


class RunnerError(RescindError):
    """A runner cannot do what was asked of it."""


class RefusedError(RunnerError):
    """The service refused what a runner asked; ``code`` is one of the closed list of refusals."""

    def __init__(self, asked: str, code: str, message: str, remedy: str) -> None:
        super().__init__(asked, code, message, remedy)
        self.asked = asked
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        # The service's message has the form already.
        return f"{self.message}; {self.asked} was refused ({self.code}): {self.remedy}"


class RunnerLostError(RunnerError):
    """The service has given this runner up: nothing of what it holds is its own any more."""

    def __init__(self, runner_id: str, reason: str) -> None:
        super().__init__(runner_id, reason)
        self.runner_id = runner_id
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"expected {self.runner_id!r} to be a living runner, but it was given up "
            f"({self.reason}); end what it holds, then call `renew()`"
        )


class RunnerClosedError(RunnerError):
    """A runner's client was used before it was entered, or after it was left."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did

    def __str__(self) -> str:
        return (
            f"expected {self.did} inside `with RunnerClient(...)`, but the client is not open; "
            "enter it first, and use it before it is left"
        )


class WouldWaitError(RunnerError):
    """A callback of the event loop called something that only the event loop could answer."""

    def __init__(self, did: str) -> None:
        super().__init__(did)
        self.did = did

    def __str__(self) -> str:
        return (
            f"expected {self.did} in a thread of yours, but it was called in the event loop, "
            "which would wait for itself; hand it over to a thread"
        )


class CannotInterruptError(RunnerError):
    """This executor cannot do its work here, or only a part of it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a place where running work can be interrupted, but {self.why}; "
            "start it from the main thread of a plain Linux process, or choose another executor"
        )


class AttemptHeldError(RunnerError):
    """An executor was given an attempt that it has already: one attempt runs once."""

    def __init__(self, attempt: str) -> None:
        super().__init__(attempt)
        self.attempt = attempt

    def __str__(self) -> str:
        return (
            f"expected an attempt that is not held yet, but {self.attempt} is; "
            "give another try of it the next attempt number"
        )


class ExecutorClosedError(RunnerError):
    """An executor was given work after its shutdown."""

    def __init__(self, executor: str) -> None:
        super().__init__(executor)
        self.executor = executor

    def __str__(self) -> str:
        return f"expected an open executor, but {self.executor!r} was shut down; make a new one"


class SupervisorError(RunnerError):
    """No process could be made to look after work; what it wrote on stderr says why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a supervisor process for the work, but {self.why}; see what it wrote on "
            "stderr, and the limits of this machine for processes and memory"
        )


class ArgumentsNotSentError(RunnerError):
    """A call cannot be sent to a process of its own."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a function and arguments that can be pickled for {self.name!r}, but "
            f"{self.why}; open files, sockets and locks inside the task, or run it in threads"
        )


class ResultNotSentError(RunnerError):
    """What a call returned cannot be sent back from its process."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(kind, why)
        self.kind = kind
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a result that can be pickled, but the {self.kind} cannot: {self.why}; "
            "return plain data, or where it is kept"
        )


class CommandError(RescindError):
    """The command ``rescind`` cannot do what it was told."""


class UnknownRunError(CommandError):
    """No flow run has this id, and none has an id that begins so."""

    def __init__(self, flow_run_id: str) -> None:
        super().__init__(flow_run_id)
        self.flow_run_id = flow_run_id

    def __str__(self) -> str:
        return (
            f"expected the id of a flow run, or the beginning of one, but none is known as "
            f"{self.flow_run_id!r}; `rescind ls` lists them"
        )


class AmbiguousIdError(CommandError):
    """More than one flow run has an id that begins so; ``found`` has some of them."""

    def __init__(self, prefix: str, found: Sequence[str], count: int) -> None:
        super().__init__(prefix, tuple(found), count)
        self.prefix = prefix
        self.found = tuple(found)
        self.count = count

    def __str__(self) -> str:
        more = ", …" if self.count > len(self.found) else ""
        return (
            f"expected the beginning of one id, but {self.count} flow runs begin with "
            f"{self.prefix!r} ({', '.join(self.found)}{more}); write more of it"
        )


class NoAnswerError(CommandError):
    """A request is in Kafka, and nobody has answered it in time. It will still be answered."""

    def __init__(self, request_id: str, seconds: float) -> None:
        super().__init__(request_id, seconds)
        self.request_id = request_id
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f"expected an answer to {self.request_id} within {self.seconds:g} s, but none came; "
            "it is in Kafka and counts as soon as a worker runs: `rescind doctor` says if one does"
        )


class AlreadyUpError(CommandError):
    """``rescind up`` runs on this data folder already; ``pid`` None: whose is not known."""

    def __init__(self, folder: str, pid: int | None, bootstrap: str | None) -> None:
        super().__init__(folder, pid, bootstrap)
        self.folder = folder
        self.pid = pid
        self.bootstrap = bootstrap

    def __str__(self) -> str:
        who = f" (process {self.pid})" if self.pid else ""
        where = f", its Kafka at {self.bootstrap}" if self.bootstrap else ""
        return (
            f"expected nothing to be up on {self.folder}, but `rescind up`{who} runs there{where}; "
            "use it, end it with Ctrl-C, or choose another folder by RESCIND_DATA_DIR"
        )


class NotReadyError(CommandError):
    """A service was started and does not do its work in time."""

    def __init__(self, service: str, seconds: float, log_file: str) -> None:
        super().__init__(service, seconds, log_file)
        self.service = service
        self.seconds = seconds
        self.log_file = log_file

    def __str__(self) -> str:
        return (
            f"expected the {self.service} to be at work within {self.seconds:g} s, but it is not; "
            f"its log says why: {self.log_file}"
        )


class FilesError(CommandError):
    """A folder that was named has not what is needed."""

    def __init__(self, folder: str, why: str) -> None:
        super().__init__(folder, why)
        self.folder = folder
        self.why = why

    def __str__(self) -> str:
        return (
            f"expected a folder with files at {self.folder!r}, but {self.why}; "
            "name another one, or leave it out and some are made"
        )


class ExtraMissingError(CommandError):
    """This installation lacks the packages that a command needs."""

    def __init__(self, extra: str, module: str) -> None:
        super().__init__(extra, module)
        self.extra = extra
        self.module = module

    def __str__(self) -> str:
        return (
            f"expected the packages of the extra {self.extra!r}, but {self.module!r} is not "
            f"installed; run `pip install 'rescind[{self.extra}]'`"
        )


class UnsupportedTaskError(RunnerError):
    """A task or flow that cannot be run as it is, or was given what it cannot take."""

    def __init__(self, name: str, why: str, remedy: str) -> None:
        super().__init__(name, why, remedy)
        self.name = name
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return (
            f"expected a task or flow that can be run, but {self.name!r} {self.why}; {self.remedy}"
        )


class ParametersError(RunnerError):
    """A flow was given parameters that it does not take, or not all that it needs."""

    def __init__(self, flow: str, why: str, signature: str) -> None:
        super().__init__(flow, why, signature)
        self.flow = flow
        self.why = why
        self.signature = signature

    def __str__(self) -> str:
        return f"expected the parameters of {self.flow}{self.signature}, but {self.why}"


class WrongPlaceError(RunnerError):
    """Something was called where it cannot work: in a task, a thread, another flow run."""

    def __init__(self, expected: str, place: str, remedy: str) -> None:
        super().__init__(expected, place, remedy)
        self.expected = expected
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        return f"expected {self.expected}, but this is {self.place}; {self.remedy}"


class CommandFailedError(RescindError):
    """A command ended with an exit code other than 0; negative is the signal that ended it."""

    def __init__(self, name: str, exit_code: int, output: str) -> None:
        super().__init__(name, exit_code, output)
        self.name = name
        self.exit_code = exit_code
        self.output = output

    def __str__(self) -> str:
        said = self.output.strip().splitlines()[-1:]
        last = f"; the last it said: {said[0][:500]}" if said else ""
        return f"expected exit code 0 of {self.name!r}, but it is {self.exit_code}{last}"


class FlowImportError(RescindError):
    """The file or the flow that was named cannot be loaded.

    ``target`` is as it was given, ``why`` what is wrong with it.
    """

    def __init__(self, target: str, why: str) -> None:
        super().__init__(target, why)
        self.target = target
        self.why = why

    def __str__(self) -> str:
        return f"expected {self.target!r} to name a flow, as FILE:FLOW, but {self.why}"


class TaskCancelledError(RescindError):
    """The result of a task run was asked for, but it was cancelled.

    ``how`` says in what way: gracefully, by force, before it had begun.
    """

    def __init__(self, name: str, task_run_id: str, how: str = "") -> None:
        super().__init__(name, task_run_id, how)
        self.name = name
        self.task_run_id = task_run_id
        self.how = how

    def __str__(self) -> str:
        how = f" ({self.how})" if self.how else ""
        return f"expected a result of {self.name!r}, but {self.task_run_id!r} was cancelled{how}"


class TaskFailedError(RescindError):
    """The result of a task run was asked for, but it failed.

    ``kind`` is the name of its exception's type, ``Refused`` or ``TimedOut``; the exception itself
    is the cause, where it could be brought along. ``story`` is its traceback in words: none comes
    along from another process.
    """

    def __init__(
        self, name: str, task_run_id: str, kind: str, message: str, story: str = ""
    ) -> None:
        super().__init__(name, task_run_id, kind, message, story)
        self.name = name
        self.task_run_id = task_run_id
        self.kind = kind
        self.message = message
        self.story = story

    def __str__(self) -> str:
        return (
            f"expected a result of {self.name!r}, but {self.task_run_id!r} failed: "
            f"{self.kind}: {self.message}"
        )
