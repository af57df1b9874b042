"""Notes which methods of hvac are called, and knows which there are."""

import inspect

import hvac
from hvac.api.auth_methods import Token, Userpass
from hvac.api.secrets_engines import Identity, KvV1, KvV2
from hvac.api.system_backend import SystemBackend

CLASSES = [SystemBackend, KvV1, KvV2, Identity, Token, Userpass, hvac.Client]

# Not a request to a server.
EXCUSED = {"SystemBackend.get_private_attr_name"}

called = set()


def methods(cls):
    return [name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")]


def noting(label, method):
    def call(*args, **kwargs):
        called.add(label)
        return method(*args, **kwargs)

    return call


def record_calls():
    for cls in CLASSES:
        for name in methods(cls):
            label = f"{cls.__name__}.{name}"
            if label not in EXCUSED:
                setattr(cls, name, noting(label, getattr(cls, name)))


def uncalled():
    every = {f"{cls.__name__}.{name}" for cls in CLASSES for name in methods(cls)}
    return sorted(every - called - EXCUSED) + sorted(f"excused but called or gone: {name}" for name in EXCUSED - (every - called))
