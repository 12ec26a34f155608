"""Sieve scripts: keeping, checking and activating them, and finding those that filter a mailbox."""

from angarium.operations.scripts.checked import CheckedScripts, allowed_extensions, script_limits
from angarium.operations.scripts.manage import (
    SITE_SCRIPTS,
    ScriptOwner,
    activate_script,
    check_name,
    delete_script,
    get_script,
    list_scripts,
    put_script,
    rename_script,
    require_script_owner,
)
from angarium.operations.scripts.sitescripts import find_site_script, name_in_domain

__all__ = [
    "SITE_SCRIPTS",
    "CheckedScripts",
    "ScriptOwner",
    "activate_script",
    "allowed_extensions",
    "check_name",
    "delete_script",
    "find_site_script",
    "get_script",
    "list_scripts",
    "name_in_domain",
    "put_script",
    "rename_script",
    "require_script_owner",
    "script_limits",
]
