# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The QEMU command line of a scenario."""

import os
import subprocess

# The group of drivers, where it is not called like the kind of device.
DRIVER_GROUP = {"hba": "ahci", "vga": "sound"}

# Every DMA the unit refuses. "Disabled" ones are refused too, but not recorded.
TRACE_EVENTS = ["vtd_dmar_fault", "vtd_fault_disabled", "vtd_dmar_enable", "vtd_reg_dmar_root"]

# QEMU's AMD-Vi records some refusals only as a translation to nowhere.
AMD_TRACE_EVENTS = ["amdvi_page_fault", "amdvi_invalid_dte", "amdvi_mode_invalid",
                    "amdvi_dte_get_fail", "amdvi_get_pte_hwerror", "amdvi_translation_result",
                    "amdvi_ir_err", "amdvi_ir_target_abort", "amdvi_control_status"]

# QEMU's SMMUv3 records no event for what an entry that says so refuses, nor any while its
# event queue is off, as it is in capture kernels: all others are "guest errors". Those have no
# time but that of the line before; the runner's commands, one of them at the panic, have theirs.
ARM64_TRACE_EVENTS = ["smmuv3_translate_abort", "smmuv3_write_mmio", "handle_qmp_command"]

SPARE_SLOT = "0x1c"
DISPLAY_SLOTS = {"extra0": 0x18, "extra1": 0x19}
DRIVE = "dump"
SPARE_DISK_MIB = 128
EMPTY_SLOT = "empty"
ADDED_DRIVE = "added"  # of the disk that comes into the empty slot


def kvm_works(kernel, seconds=15):
    """Whether KVM boots a kernel on this machine: some hosts only pretend to have it."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    command = ["qemu-system-x86_64", "-machine", "q35,kernel-irqchip=split", "-accel", "kvm",
               "-cpu", "host", "-m", "512M", "-device", "intel-iommu,intremap=on", "-nodefaults",
               "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", kernel,
               "-append", "console=ttyS0 panic=-1"]
    try:
        done = subprocess.run(command, timeout=seconds, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)
    except (subprocess.TimeoutExpired, OSError):
        return False
    return b"Kernel panic" in done.stdout


def best_accel(scenario, folder, kernel):
    """kvm where it works, else tcg; probed once a boot of the host."""
    if is_arm64(scenario):
        return "tcg"
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    path = os.path.join(folder, f"accel-{boot}")
    if not os.path.exists(path):
        with open(f"{path}.{os.getpid()}", "w", encoding="ascii") as file:
            file.write("kvm" if kvm_works(kernel) else "tcg")
        os.replace(f"{path}.{os.getpid()}", path)
    with open(path, encoding="ascii") as file:
        return file.read()


class _Bus:
    """Where devices go: hands out ports, slots of bus 0 or of a conventional bus."""

    def __init__(self, topology):
        self.topology = topology
        self.args = []
        self.ports = 0
        self.root = "pcie.0"
        if topology == "switch":
            self.args += ["-device", f"x3130-upstream,id=up0,bus={self._root_port()}"]
        if topology == "pxb":
            self.args += ["-device", "pxb-pcie,id=pxb0,bus=pcie.0,bus_nr=64"]
            self.root = "pxb0"
        if topology == "bridge":
            self.args += ["-device", f"pcie-pci-bridge,id=bridge0,bus={self._root_port()}"]

    def _port(self, device, bus, options="", name=None):
        name = name or f"port{self.ports}"
        self.ports += 1
        self.args += ["-device", f"{device},id={name},bus={bus},chassis={self.ports},"
                                 f"slot={self.ports}{options}"]
        return name

    def _root_port(self, name=None):
        if self.topology == "dense":
            slot, function = divmod(self.ports, 8)
            return self._port("pcie-root-port", self.root,
                              f",multifunction=on,addr={0x8 + slot:#x}.{function}", name)
        slot = f",addr={0x10 + self.ports:#x}" if self.root == "pcie.0" else ""
        return self._port("pcie-root-port", self.root, slot, name)

    def place(self, role):
        """The bus option for a device."""
        if self.topology == "flat":
            return "bus=pcie.0"
        if self.topology == "bridge" and role == "net":
            return "bus=bridge0"
        if self.topology == "switch":
            return f"bus={self._port('xio3130-downstream', 'up0')}"
        return f"bus={self._root_port()}"

    def finish(self, empty_slot):
        """The second root port of the switch topology stays empty."""
        if self.topology == "switch":
            self._root_port()
        if empty_slot:
            self._root_port(EMPTY_SLOT)
        return self.args


# Controllers, and the disks that go on their buses.
_CONTROLLERS = {"hba": ("ich9-ahci", "ide-hd"), "usb-storage": ("qemu-xhci", "usb-storage"),
                "megasas": ("megasas-gen2", "scsi-hd")}


def _storage_args(kind, drive, bus):
    if kind == "ahci":  # the chipset's own controller, 00:1f.2
        return ["-device", f"ide-hd,drive={drive},bus=ide.0"]
    place = bus.place("disk")
    if kind in _CONTROLLERS:
        controller, disk = _CONTROLLERS[kind]
        return ["-device", f"{controller},id=hba-{drive},{place}",
                "-device", f"{disk},drive={drive},bus=hba-{drive}.0"]
    if kind == "virtio":
        return ["-device", f"virtio-blk-pci,drive={drive},disable-legacy=on,iommu_platform=on,"
                           f"{place}"]
    return ["-device", f"nvme,serial={drive},drive={drive},{place}"]


def _disk_args(scenario, bus, path):
    drive_options = f",{scenario.drive_options}" if scenario.drive_options else ""
    drive = ["-drive", f"id={DRIVE},file={path},format=raw,if=none,cache=unsafe,discard=unmap"
                       f"{drive_options}"]
    args = _storage_args(scenario.disk, DRIVE, bus)
    if scenario.disk_options:
        args[-1] += f",{scenario.disk_options}"
    return drive + args


def is_disk(kind):
    return kind not in ("sound", "vga")


def _spare_drive(name):
    """A disk of zeroes that takes its time."""
    return ["-drive", f"id={name},driver=null-co,size={SPARE_DISK_MIB}M,read-zeroes=on,"
                      "latency-ns=20000000,if=none"]


def _extra_args(kind, name, bus):
    """One more device."""
    if is_disk(kind):
        return _spare_drive(name) + _storage_args(kind, name, bus)
    place = bus.place(kind)
    if kind == "sound":
        return ["-device", f"ich9-intel-hda,id={name},{place}",
                "-device", f"hda-output,audiodev=silence,bus={name}.0"]
    # A display with a sound function beside it, as graphics cards have.
    slot = DISPLAY_SLOTS[name] if bus.topology == "flat" else 0
    return ["-device", f"VGA,{place},addr={slot:#x}.0,multifunction=on",
            "-device", f"ich9-intel-hda,id={name},{place},addr={slot:#x}.1",
            "-device", f"hda-output,audiodev=silence,bus={name}.0"]


def _net_args(scenario, bus, ports):
    # Behind a PCIe-to-PCI bridge a conventional device, whose requests carry the
    # bridge's requester ID.
    model = "e1000" if scenario.topology == "bridge" else scenario.net_model
    args = []
    for index, (to_host, to_guest) in enumerate(ports):
        args += ["-netdev", f"socket,id=net{index},udp=127.0.0.1:{to_host},"
                            f"localaddr=127.0.0.1:{to_guest}",
                 "-device", f"{model},id=nic{index},netdev=net{index},"
                            f"mac=52:54:00:00:00:{index + 1:02x},romfile=,{bus.place('net')}"]
    return args


def _other_args(scenario, bus):
    args = []
    if scenario.number("uhci"):
        args += ["-device", "piix3-usb-uhci,id=uhci,bus=pcie.0,addr=0x1a",
                 "-device", "usb-tablet,bus=uhci.0"]
    if scenario.number("sound"):
        args += ["-device", "ich9-intel-hda,bus=pcie.0,addr=0x1b",
                 "-device", "hda-output,audiodev=silence"]
    if scenario.spare:
        device = {"edu": "edu", "bell": "ivshmem-doorbell,vectors=1,chardev=bell"}[scenario.spare]
        args += ["-device", f"{device},bus=pcie.0,addr={SPARE_SLOT}"]
    for index, kind in enumerate(scenario.extra.split()):
        args += _extra_args(kind, f"extra{index}", bus)
    return args


def is_hot_add(scenario):
    """Whether the kernel dies while a disk comes into the empty slot."""
    return scenario.death.split()[0] == "hot-add"


def is_amd(scenario):
    return scenario.iommu.split(",")[0] == "amd"


def _iommu_args(scenario):
    if scenario.iommu == "none":
        return []
    if is_arm64(scenario):  # a part of the machine
        return [word for option in scenario.iommu.split(",")[1:]
                for word in ("-global", f"arm-smmuv3.{option}")]
    if is_amd(scenario):
        return ["-device", scenario.iommu.replace("amd", "amd-iommu", 1)]
    options = f",{scenario.iommu}" if scenario.iommu else ""
    return ["-device", f"intel-iommu{options}"]


def _firmware_args(scenario, files):
    if not scenario.firmware:
        return []
    if is_arm64(scenario):
        return ["-bios", files["firmware"]]
    args = ["-drive", f"if=pflash,format=raw,readonly=on,file={files['firmware']}"]
    if scenario.firmware == "secure-boot":
        # Only the firmware itself, in system management mode, may change its variables.
        args += ["-global", "driver=cfi.pflash01,property=secure,value=on",
                 "-drive", f"if=pflash,format=raw,file={files['variables']}"]
    return args


def is_arm64(scenario):
    return scenario.arch == "arm64"


def qemu(scenario):
    return "qemu-system-aarch64" if is_arm64(scenario) else "qemu-system-x86_64"


def _machine_args(scenario, accel):
    if is_arm64(scenario):
        iommu = scenario.iommu.split(",")[0]
        return [qemu(scenario), "-machine",
                f"{scenario.machine},gic-version=3,memory-backend=ram,iommu={iommu}",
                "-cpu", scenario.cpu]
    cpu = scenario.cpu
    if accel == "kvm" and cpu.startswith("max"):
        cpu = "host" + cpu[3:]
    smm = ",smm=on" if scenario.firmware == "secure-boot" else ""
    return [qemu(scenario), "-machine",
            f"{scenario.machine},kernel-irqchip=split,memory-backend=ram{smm}", "-cpu", cpu]


def _line_args(scenario, files):
    """The serial lines. arm64 has one port of its own: the others are PCI functions."""
    args = []
    lines = [("console", f"file,path={files['console']}"),
             ("results", f"file,path={files['results']}"),
             ("go", f"socket,path={files['go']},server=on,wait=off")]
    for index, (name, backend) in enumerate(lines):
        kind, options = backend.split(",", 1)
        args += ["-chardev", f"{kind},id={name},{options}"]
        if not is_arm64(scenario):
            args += ["-device", f"isa-serial,chardev={name},index={index}"]
        elif name == "console":
            args += ["-serial", "chardev:console"]
        else:
            args += ["-device", f"pci-serial,chardev={name},bus=pcie.0,addr={0x1c + index:#x}"]
    return args


def _trace_events(scenario):
    if is_arm64(scenario):
        return ARM64_TRACE_EVENTS
    return AMD_TRACE_EVENTS if is_amd(scenario) else TRACE_EVENTS


def command_line(scenario, files, ports, accel):
    """files: the paths of kernel and initrd, if there are any, firmware and its variables, disk
    and trace, of what the serial lines console and results are written to, and of the sockets
    bell, go, qmp and gdb; append is the kernel's command line."""
    bus = _Bus(scenario.topology)
    devices = _disk_args(scenario, bus, files["disk"]) + _net_args(scenario, bus, ports)
    devices += _other_args(scenario, bus)
    args = _machine_args(scenario, accel) + [
            "-nodefaults", "-no-user-config", "-display", "none",
            "-vga", "none", "-audiodev", "none,id=silence", "-no-reboot", "-accel", accel, "-smp", scenario.smp,
            "-m", f"{scenario.ram_mib}M",
            "-object", f"memory-backend-memfd,id=ram,size={scenario.ram_mib}M,share=on"]
    if scenario.number("icount"):
        args += ["-icount", "shift=0"]
    args += _firmware_args(scenario, files) + _iommu_args(scenario)
    args += bus.finish(bool(scenario.hotplug) or is_hot_add(scenario))
    if is_hot_add(scenario):
        args += _spare_drive(ADDED_DRIVE)
    if scenario.spare == "bell":
        args += ["-chardev", f"socket,id=bell,path={files['bell']}"]
    args += devices
    if "kernel" in files:
        args += ["-kernel", files["kernel"], "-initrd", files["initrd"],
                 "-append", files["append"]]
    args += _line_args(scenario, files)
    args += ["-qmp", f"unix:{files['qmp']},server=on,wait=off",
             "-gdb", f"unix:{files['gdb']},server=on,wait=off",
             "-msg", "timestamp=on", "-D", files["trace"]]
    if is_arm64(scenario):
        args += ["-d", "guest_errors"]
    for event in _trace_events(scenario):
        args += ["-trace", event]
    return args
