"""A password asked of PAM, by the C interface of Linux-PAM.

Modules of PAM may do whatever they like to a process, and may take long, so this is for one that ends afterwards.
"""

import ctypes
from typing import Final

NO_LIBRARY: Final = 255
"""In place of a return code of PAM's."""

_LIBRARIES: Final = ("libpam.so.0", "libpam.so")
_SUCCESS: Final = 0
_BUFFER_ERROR: Final = 5
_RHOST: Final = 4
_FAIL_DELAY: Final = 10
_PROMPT_ECHO_OFF: Final = 1
_PROMPT_ECHO_ON: Final = 2
_NO_TEXTS: Final = 0x8000
_NO_EMPTY_PASSWORD: Final = 0x0001
_MESSAGES_MAX: Final = 32


class _Message(ctypes.Structure):
    _fields_ = (("style", ctypes.c_int), ("text", ctypes.c_char_p))


class _Response(ctypes.Structure):
    _fields_ = (("text", ctypes.c_void_p), ("code", ctypes.c_int))


_CONVERSE: Final = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_int,
    ctypes.POINTER(ctypes.POINTER(_Message)),
    ctypes.POINTER(ctypes.c_void_p),
    ctypes.c_void_p,
)
_DELAY: Final = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


class _Conversation(ctypes.Structure):
    _fields_ = (("converse", _CONVERSE), ("data", ctypes.c_void_p))


def ask_pam(service: str, user: str, password: str, address: str) -> int:
    """PAM's return code: 0 where the password is right and the account may be used. `NO_LIBRARY` where there is no
    PAM. Every prompt is answered: a hidden one with the password, another one with the name."""
    library = _open()
    if library is None:
        return NO_LIBRARY
    answers = {_PROMPT_ECHO_OFF: _encode(password), _PROMPT_ECHO_ON: _encode(user)}
    converse = _conversation(answers)
    # The server holds back its own answer to a failed login; a child that sleeps would only take a place.
    delay = _DELAY(lambda _code, _delay_us, _data: None)
    handle = ctypes.c_void_p()
    conversation = _Conversation(converse, None)
    code = library.pam_start(_encode(service), _encode(user), ctypes.byref(conversation), ctypes.byref(handle))
    if code != _SUCCESS:
        return int(code)
    items = [(_FAIL_DELAY, ctypes.cast(delay, ctypes.c_void_p))]
    if address:
        items.append((_RHOST, ctypes.cast(ctypes.c_char_p(_encode(address)), ctypes.c_void_p)))
    for item, value in items:
        code = code or library.pam_set_item(handle, item, value)
    code = code or library.pam_authenticate(handle, _NO_TEXTS | _NO_EMPTY_PASSWORD)
    code = code or library.pam_acct_mgmt(handle, _NO_TEXTS | _NO_EMPTY_PASSWORD)
    library.pam_end(handle, code)
    return int(code)


def _conversation(answers: dict[int, bytes]) -> "ctypes._FuncPointer":
    c_library = ctypes.CDLL(None)
    c_library.calloc.restype = ctypes.c_void_p
    c_library.calloc.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    c_library.strdup.restype = ctypes.c_void_p
    c_library.strdup.argtypes = [ctypes.c_char_p]

    def converse(count: int, messages: "ctypes._Pointer[ctypes._Pointer[_Message]]", answer: object, _: object) -> int:
        if not 0 < count <= _MESSAGES_MAX:
            return _BUFFER_ERROR
        # PAM frees the array and the texts.
        address = c_library.calloc(count, ctypes.sizeof(_Response))
        if not address:
            return _BUFFER_ERROR
        responses = (_Response * count).from_address(address)
        for number in range(count):
            text = answers.get(messages[number].contents.style)
            if text is not None:
                responses[number].text = c_library.strdup(text)
        answer[0] = address  # type: ignore[index]  # a pointer to a pointer
        return _SUCCESS

    return _CONVERSE(converse)


def _open() -> ctypes.CDLL | None:
    for name in _LIBRARIES:
        try:
            library = ctypes.CDLL(name)
        except OSError:
            continue
        library.pam_start.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_void_p]
        library.pam_set_item.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
        for function in (library.pam_authenticate, library.pam_acct_mgmt, library.pam_end):
            function.argtypes = [ctypes.c_void_p, ctypes.c_int]
        return library
    return None


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
