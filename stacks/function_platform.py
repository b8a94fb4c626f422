"""What all functions of one deployment share."""

from dataclasses import dataclass

from aws_cdk import aws_lambda as lambda_

from pam.names import DATABASE_CA
from stacks.bundling import Bundles
from stacks.config import DeployConfig, SslMode
from stacks.dead_letters import DeadLetters
from stacks.encryption_key import EncryptionKey
from stacks.session_store import SessionStore
from stacks.undelivered_events import UndeliveredEvents


class FunctionCode:
    """The deployment packages, and what they were built to run on. Each stack needs a value of its
    own: the construct library ties an asset to the first stack that uses it.
    """

    def __init__(self, bundles: Bundles) -> None:
        self._bundles = bundles
        self._assets: dict[str, lambda_.Code] = {}
        target = bundles.target
        self.runtime = lambda_.Runtime(f"python{target.python}", lambda_.RuntimeFamily.PYTHON)
        self.architecture = lambda_.Architecture.custom(target.machine)

    def of(self, handler: str) -> lambda_.Code:
        bundle = self._bundles.of(handler)
        if bundle.digest not in self._assets:
            asset = lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.digest)
            self._assets[bundle.digest] = asset
        return self._assets[bundle.digest]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionPlatform:
    """It gives a function no right: what each may do in the store, its own grants say. A power that
    only some functions have is no part of it, and is handed to these by name.
    """

    config: DeployConfig
    code: FunctionCode
    key: EncryptionKey
    session_store: SessionStore
    dead_letters: DeadLetters
    undelivered: UndeliveredEvents

    @property
    def env_name(self) -> str:
        return self.config.env_name

    @property
    def vendors(self) -> str:
        """Of which there are functions, as settings have it."""
        return ",".join(self.config.vendors)

    @property
    def database_root_certificate(self) -> str:
        """The file of the package that databases are known by; empty where none is checked."""
        return DATABASE_CA if self.config.database_sslmode is SslMode.VERIFY_FULL else ""
