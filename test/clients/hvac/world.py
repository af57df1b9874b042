"""What the checks share: where the server is, and what its initialization has answered."""

import os

import hvac


class World:
    def __init__(self):
        self.address = os.environ["ADDRESS"]
        self.ca_file = os.environ["CA_FILE"]
        self.devices = os.environ["DEVICES"]
        self.service_url = os.environ["SERVICE_URL"]
        self.shares = []
        self.root_token = None

    def client(self, token=None, **options):
        """A client of its own; with the root token unless another, or "" for none, is given."""
        return hvac.Client(url=self.address, token=self.root_token if token is None else token, verify=self.ca_file, timeout=120, **options)

    def token_with(self, policy, **fields):
        """Makes a policy and a token that has it."""
        root = self.client()
        name = f"made-{abs(hash(policy))}"
        root.sys.create_or_update_policy(name=name, policy=policy)
        return root.auth.token.create(policies=[name], **fields)["auth"]["client_token"]


def refused(exception, call, *args, **kwargs):
    """Calls what must raise this class exactly, and returns what it raised."""
    try:
        answer = call(*args, **kwargs)
    except Exception as error:
        assert type(error) is exception, f"{type(error).__name__} instead of {exception.__name__}: {error}"
        return error
    raise AssertionError(f"not refused: {answer!r}")


def status(answer, expected):
    """That an answer without a body has this status."""
    assert answer.status_code == expected, f"{answer.status_code} instead of {expected}: {answer.text}"
