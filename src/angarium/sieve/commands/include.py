"""include, return and global (RFC 6609)."""

import re

from angarium.sieve.arguments import Arguments
from angarium.sieve.entity import Entity
from angarium.sieve.facts import IncludedScript, ScriptInvalid
from angarium.sieve.partloop import current_entity
from angarium.sieve.run import Frame, Run, Scope
from angarium.sieve.script import Script
from angarium.sieve.specification import Action, CommandSpecification, Kind, Parameter, Tag
from angarium.sieve.variablename import plain_variable_named

_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f/\u2028\u2029]{1,128}")
"""RFC 5804 §1.6; a slash is more than it forbids."""

_OCTETS_OF_STEP = 16


def _include(arguments: Arguments) -> Action:
    name = arguments.constant("script")
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise arguments.wrong(f'"{name[:60]}" cannot be the name of a script', arguments.position_of("script"))
    is_global = arguments.has("global")
    once, optional = arguments.has("once"), arguments.has("optional")
    arguments.includes(arguments.position_of("script"), name, is_global=is_global)

    def include(run: Run) -> None:
        key = (name, is_global)
        if once and key in run.included:
            return
        if any(frame.script == key for frame in run.frames):
            run.fail(f'the script "{name}" includes itself')
        script = run.ask(IncludedScript(name, is_global))
        if isinstance(script, ScriptInvalid):
            run.fail(f'the script "{name}" is not valid: {script}')
        if not isinstance(script, Script):
            if optional:
                return
            run.fail(f'there is no script "{name}" to be included')
        _enter(run, key, script)

    return include


def _enter(run: Run, key: tuple[str, bool], script: Script) -> None:
    run.admit(script)
    depth = sum(frame.script is not None for frame in run.frames)
    if depth > run.limits.include_depth:
        run.fail(f"scripts can include one another {run.limits.include_depth} deep")
    run.includes += 1
    if run.includes > run.limits.includes:
        run.fail(f"more than {run.limits.includes} scripts are included")
    run.included.add(key)
    run.scope = Scope(run.globals)
    frame = Frame(script.block, run.scope, script=key)
    part = current_entity(run)
    if part is not run.message.viewed:  # it is the message for the script that is included (RFC 6609 §3.5)
        run.spend(run.message.viewed.header.size // _OCTETS_OF_STEP)  # which is read anew behind it
        before = run.message.view_part(part)
        frame.around = lambda: _view_again(run, before)
    run.frames.append(frame)


def _view_again(run: Run, part: Entity | None) -> None:
    run.message.view_part(part)


def _return(_arguments: Arguments) -> Action:
    def execute(run: Run) -> None:
        while run.frames:
            is_script = run.frames[-1].script is not None
            run.leave()
            if is_script:
                return

    return execute


def _global(arguments: Arguments) -> Action:
    arguments.need('"global"', arguments.position, "variables")
    names = [plain_variable_named(arguments, text).name for text in arguments.texts("names").texts]

    def execute(run: Run) -> None:
        for name in names:
            if name in run.scope.variables:
                run.fail(f'the variable "{name}" was set before it was named by "global"')
            run.scope.global_names.add(name)

    return execute


SPECIFICATIONS = (
    CommandSpecification(
        "include",
        _include,
        ("include",),
        parameters=(Parameter("script", Kind.STRING),),
        tags=(Tag("personal", group="location"), Tag("global", group="location"), Tag("once"), Tag("optional")),
    ),
    CommandSpecification("return", _return, ("include",)),
    CommandSpecification("global", _global, ("include",), parameters=(Parameter("names", Kind.STRINGS),)),
)
