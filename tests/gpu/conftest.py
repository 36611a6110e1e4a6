"""Kernels of the GPU run in Triton's interpreter here, which is chosen when they are imported."""

import inspect
import os
import sys

import pytest

os.environ["TRITON_INTERPRET"] = "1"


@pytest.fixture(autouse=True)
def _look_at_the_language_once(monkeypatch):
    """Let the interpreter wrap Triton's language once a launch, not at every call of a function."""
    if not (interpreter := sys.modules.get("triton.runtime.interpreter")):
        return
    wrap, language = interpreter._patch_lang, interpreter.tl

    def wrapped(fn):
        used = [one for one in fn.__globals__.values() if inspect.ismodule(one)]
        own = [one for one in (language, language.core) if one in used]
        still = any(language.core.is_builtin(one.load) for one in own)
        return wrap(fn) if still or not own else interpreter._LangPatchScope()

    monkeypatch.setattr(interpreter, "_patch_lang", wrapped)
