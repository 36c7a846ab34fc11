#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Stands for SUSE's load.sh and mkdumprd, as far as the choice of the kernel goes:
# KDUMP_KERNELVER is a file or a version, by default that of the link /boot/vmlinuz.
# What is loaded is where the link /var/lib/kdump/kernel leads.
. /etc/sysconfig/kdump
case $KDUMP_KERNELVER in
/*) kernel=$KDUMP_KERNELVER ;;
*) kernel=/boot/vmlinuz${KDUMP_KERNELVER:+-$KDUMP_KERNELVER} ;;
esac
ln -sf "$(realpath -e "$kernel")" /var/lib/kdump/kernel || exit
eval "kexec -p /var/lib/kdump/kernel --append=\"root=kdump $KDUMP_COMMANDLINE_APPEND\" --initrd=initrd $KEXEC_OPTIONS -a"
