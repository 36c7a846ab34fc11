# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""UEFI firmware of Debian's packages ovmf and qemu-efi-aarch64, as `prepare` unpacks them."""

import os
import shutil
import subprocess

# The package comes with a key for tests, "snakeoil", and with variables in which it is
# PK, KEK and db, and Secure Boot is on.
_KEY = "PkKek-1-snakeoil"
_KEY_PASSWORD = "snakeoil"


def _path(build, *names):
    return os.path.join(build, "ovmf", "usr", "share", *names)


def files(kind, build, folder):
    """What machine.command_line() asks for. The variables are a copy: machines change theirs."""
    if kind == "qemu-efi-aarch64":
        return {"firmware": os.path.join(build, kind, "usr", "share", kind, "QEMU_EFI.fd")}
    if kind != "secure-boot":
        return {"firmware": _path(build, "OVMF", "OVMF_CODE.fd")}
    variables = os.path.join(folder, "variables")
    shutil.copyfile(_path(build, "OVMF", "OVMF_VARS_4M.snakeoil.fd"), variables)
    return {"firmware": _path(build, "OVMF", "OVMF_CODE_4M.secboot.fd"), "variables": variables}


def write_keys(build, folder):
    """db.key and db.pem: what is signed with these may be started."""
    subprocess.run(["openssl", "rsa", "-in", _path(build, "ovmf", _KEY + ".key"), "-passin",
                    "pass:" + _KEY_PASSWORD, "-out", os.path.join(folder, "db.key")],
                   check=True, capture_output=True)
    shutil.copyfile(_path(build, "ovmf", _KEY + ".pem"), os.path.join(folder, "db.pem"))
