"""Which packages an installation has: everything below the one that is named in pyproject.toml."""

from setuptools import find_packages, setup

PARTS = {"cli": "cli", "pam": "lambdas/pam"}

setup(
    packages=[
        "mod046_pam",
        *(
            ".".join(["mod046_pam.parts", name, *below])
            for name, folder in PARTS.items()
            for below in [[], *([package] for package in find_packages(folder))]
        ),
    ],
    package_dir={"mod046_pam": "distribution/mod046_pam"}
    | {f"mod046_pam.parts.{name}": folder for name, folder in PARTS.items()},
)
