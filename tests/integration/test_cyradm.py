"""What Cyrus's cyradm shows of a session that was recorded with a real Cyrus 3.6.1; its prompts are left out.

Otherwise are, as docs/manual/compatibility.md says: codes of RFC 5530, our name, and commands that there are not.
"""

import os
import re
import subprocess

from tests.server.running import LOOPBACK, WAIT_S, RunningServer

COMMANDS = r"""
version
createmailbox user/ivy
createmailbox user/ivy
cm user/ivy/Outgoing
cm --specialuse "\Drafts" user/ivy/Sketches
cm user/nopart nosuch
lm user/ivy*
lam user/ivy
sam user/ivy admin all
sam user/ivy bob read
lam user/ivy
sam user/ivy bob lrs
dam user/ivy bob
lam user/ivy bob
sam user/ivy bob badright!
sam user/nosuch bob lrs
setquota user/ivy 1000
setquota user/ivy storage 2000 message 50
setquota user/ivy none
sq user/ivy storage 5000
lq user/ivy
lqr user/ivy
lqr user/ivy/Outgoing
lq user/nosuch
sq user/nosuch 5
mboxcfg user/ivy expire 10
mboxcfg user/ivy comment "hi there"
mboxcfg user/ivy foo bar
mboxcfg user/ivy expire none
info user/ivy
setinfo motd "m1"
setinfo foo "m1"
setinfo motd none
rename user/ivy/Outgoing user/ivy/Sent2
rename user/ivy/nosuch user/ivy/x
sam user/ivy/Sent2 admin x
dm user/ivy/Sent2
dm user/ivy/Sketches
dm user/nosuch
sub user/ivy
lm -s
unsub user/ivy
reconstruct user/ivy
xfer user/ivy foo
disconnect
lm
quit
"""

SHOWN = r"""
name       : Angarium
version    : <...>
vendor     : Angarium
os         : Linux
os-version : <...>
createmailbox: [ALREADYEXISTS] Mailbox already exists
createmailbox: [CANNOT] Unknown/invalid partition
user/ivy (\HasChildren)
user/ivy/Outgoing (\HasNoChildren)
user/ivy/Sketches (\HasNoChildren \Drafts)
ivy lrswipkxtecdan
bob lrs
ivy lrswipkxtecdan
admin lrswipkxtecda
usage: listaclmailbox mailbox
setaclmailbox: bob: badright!: The b right is not supported
setaclmailbox: bob: lrs: [NONEXISTENT] Mailbox does not exist
quota:1000
setquota: Invalid quota list in Setquota
remove quota
 STORAGE 0/5000 (0%)
user/ivy STORAGE 0/5000 (0%)
user/ivy STORAGE 0/5000 (0%)

quota:5
setquota: [NONEXISTENT] Mailbox does not exist
mboxconfig: entry must begin with /shared or /private
{user/ivy}:
  private:
    check: NIL
    checkperiod: NIL
    comment: NIL
    sort: NIL
    specialuse: NIL
    thread: NIL
    archive: NIL
    delete: NIL
    expire: NIL
    news2mail: NIL
    search-fuzzy-always: NIL
    sieve: NIL
    sortorder: NIL
    squat: NIL
  shared:
    check: NIL
    checkperiod: NIL
    comment: hi there
    sort: NIL
    specialuse: NIL
    thread: NIL
    annotsize: 8
    archive: NIL
    delete: NIL
    duplicatedeliver: false
    expire: NIL
    foldermodseq: <...>
    hasalarms: false
    lastpop: NIL
    lastupdate: <...>
    news2mail: NIL
    partition: default
    pop3newuidl: true
    pop3showafter: NIL
    search-fuzzy-always: NIL
    sharedseen: false
    sieve: NIL
    size: 0
    sortorder: NIL
    squat: NIL
    uniqueid: <...>
setinfo: entry must begin with /shared or /private
renamemailbox: [NONEXISTENT] Mailbox does not exist
deletemailbox: [NOPERM] Permission denied
deletemailbox: [NONEXISTENT] Mailbox does not exist
user/ivy
reconstruct: Unrecognized command
xfermailbox: Unrecognized command
listmailbox: no connection to server
"""

_SAME_ORDER_OF_HASHES = {"PERL_HASH_SEED": "0", "PERL_PERTURB_KEYS": "0"}
_PROMPT = re.compile(r"(?:127\.0\.0\.1> |cyradm> )+")


def test_cyradm_shows_what_it_shows_of_a_cyrus(shared_server: RunningServer) -> None:
    assert shared_server.admin.name == "admin"
    login = ("--user", "admin", "--password", shared_server.admin.password, "--auth", "plain", "--notls")
    done = subprocess.run(
        ["cyradm", *login, "--port", str(shared_server.port("imap")), LOOPBACK],
        input=COMMANDS.lstrip(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WAIT_S,
        env={**os.environ, **_SAME_ORDER_OF_HASHES},
        check=False,
    )
    shown = _lines(done.stdout)
    expected = SHOWN.strip("\n").splitlines()
    for line, pattern in zip(shown, expected, strict=True):
        assert re.fullmatch(re.escape(pattern).replace(re.escape("<...>"), ".+"), line), (pattern, shown)


def _lines(output: str) -> list[str]:
    """Without prompts and without the spaces behind columns."""
    return [line.rstrip() for line in _PROMPT.sub("", output).rstrip("\n").split("\n")]
