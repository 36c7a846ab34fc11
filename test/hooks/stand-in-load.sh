#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Stands for load.sh and mkdumprd of SUSE's kdump 2: the kernel is KDUMP_KERNELVER if that
# is a path, or the first there is of the kinds below in /boot, of that version or the
# default; the link /var/lib/kdump/kernel leads to it, and is loaded. What is needed of
# the configuration in the initramfs is in /tmp/test/kdump.conf, as values.
. /etc/sysconfig/kdump
if [[ $KDUMP_KERNELVER = /* ]]; then
	kernel=$KDUMP_KERNELVER
else
	for kind in vmlinuz image Image vmlinux; do
		kernel=/boot/$kind${KDUMP_KERNELVER:+-$KDUMP_KERNELVER}
		[[ ! -f $kernel ]] || break
	done
fi
kernel=$(realpath -e "$kernel") || exit
for name in KDUMP_REQUIRED_PROGRAMS KDUMP_POSTSCRIPT; do
	printf '%s=%q\n' "$name" "${!name}"
done >/tmp/test/kdump.conf
ln -sf "$kernel" /var/lib/kdump/kernel
eval "kexec -p /var/lib/kdump/kernel --append=\"root=kdump $KDUMP_COMMANDLINE_APPEND panic=1\" --initrd=initrd $KEXEC_OPTIONS -a"
