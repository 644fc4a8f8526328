"""The flow runner: drives one flow run of the SDK on `RunnerClient` and an executor.

`conductor` is the life of the flow run in an event loop, `climbing` takes the ladder, `runner`
is what the main thread does. It uses nothing of the client that an engine's owner could not.
"""
