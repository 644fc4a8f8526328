"""A flow runner as a task of ECS, on Fargate: `tasks` is it, and the rest is said from there down.

`identity` is by what a task is known again, `lookup` finds it, `definition` is what is asked of
RunTask, `evidence` what a description of a task says, `logs` where it prints, `client` the way to
AWS, and `failures` what goes wrong there. Needs the extra ``ecs``; imported where it is asked for.
`metadata` is what a task asks about itself, and needs none.
"""

from rescind.runners.infrastructure.ecs.tasks import EcsInfrastructure

__all__ = ["EcsInfrastructure"]
