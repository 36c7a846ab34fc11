# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""One crash from boot to saved dump, and what is asserted about it."""

import collections
import fcntl
import gzip
import json
import math
import os
import re
import secrets
import shutil
import subprocess
import time

from . import (audit, cpio, death, dump, firmware, guest, machine, mapped, report, stage, survey,
               tool, vtd)

TOP = report.TOP
BUILD = os.environ.get("E2E_OUT", os.path.join(TOP, "build", "e2e"))
PRODUCTS = os.environ.get("QUIETUS_BUILD", os.path.join(TOP, "build"))

# no_timer_check: on an overloaded host the kernel's test of the timer interrupt (five
# ticks in some 60 ms) fails now and then, with and without a stage, and is a panic.
CONSOLES = {"x86_64": "ttyS0,115200", "arm64": "ttyAMA0"}
COMMON_CMDLINE = ("panic=-1 oops=panic mitigations=off usbcore.autosuspend=-1 "
                  "no_timer_check")
CAPTURE_CMDLINE = "nr_cpus=1 irqpoll reset_devices"
PANIC_SECONDS = 60
FINISH_SECONDS = 30
LEFTOVER_SECONDS = 3  # for the last frames to arrive
# Seconds between frames, and how many: together fewer than a receive ring holds.
FRAMES_UNTIL_CAPTURE = (0.1, 120)
FRAMES_DURING_CAPTURE = (0.02, 100)
FRAMES_WITHOUT_END = (0.02, 1 << 30)

# stage/common/settle.c: why it changed nothing.
NOT_COMMITTED = re.compile(r"quietus: not committed: (.*); continuing")

# Linux, arch/x86/kernel/irq.c: CPU and vector of an interrupt that nobody handles.
UNHANDLED = re.compile(r"(\d+\.\d+) No irq handler for vector")


def _common_cmdline(scenario):
    return f"console={CONSOLES[scenario.arch]} {COMMON_CMDLINE}"


def _use_qemu(suite, arch):
    """Puts another release's QEMU before the host's."""
    done = subprocess.run([os.path.join(TOP, "test", "e2e", "newer-qemu")], check=False,
                          stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, QEMU_SUITE=suite, ARCH=arch))
    if done.returncode:
        raise SystemExit(done.returncode)
    os.environ["PATH"] = done.stdout.strip() + os.pathsep + os.environ["PATH"]


def kernel_folder(arch, suite, firmware, flavour="", with_tool=False, config=""):
    """The folder of a Debian release's kernel, of the host's own without a name."""
    asked = {"KERNEL_SUITE": suite, "KERNEL_FLAVOUR": flavour, "KERNEL_CONFIG": config,
             "FIRMWARE": "1" if firmware else "", "TOOL": "1" if with_tool else ""}
    environment = dict(os.environ, ARCH=arch,
                       **{name: value for name, value in asked.items() if value})
    done = subprocess.run([os.path.join(TOP, "test", "e2e", "prepare")], check=False,
                          stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout.strip().splitlines()[-1]


def _prepare(scenario):
    """The folders of the system kernel and of the capture kernel."""
    if scenario.qemu:
        _use_qemu(scenario.qemu, scenario.arch)
    system = kernel_folder(scenario.arch, scenario.suite, scenario.firmware, scenario.flavour,
                           bool(scenario.audit), scenario.kernel)
    if not scenario.capture_suite and not scenario.kernel:
        return system, system
    return system, kernel_folder(scenario.arch, scenario.capture_suite or scenario.suite, "",
                                 scenario.flavour)


def _qemu_version(scenario):
    return subprocess.run([machine.qemu(scenario), "--version"], check=True, capture_output=True,
                          text=True).stdout.splitlines()[0]


def stage_file(scenario):
    """The stage's, among the products."""
    return f"stage-{scenario.arch}.bin"


def _capture_image(scenario, kernels, kind, folder):
    """The image that kexec loads: the stock one, or the same wrapped; signed for a system
    kernel that has a key."""
    system, capture = kernels
    image = os.path.join(capture, "vmlinuz")
    if kind != "stock":
        if scenario.number("gzip"):
            image = _compressed(image, folder)
        wrapped = os.path.join(folder, "vmlinuz.quietus")
        subprocess.run([os.path.join(PRODUCTS, "quietus"), "wrap", "--output", wrapped, "--stage",
                        os.path.join(PRODUCTS, stage_file(scenario)), image], check=True)
        image = wrapped
    if scenario.kernel:
        image = _signed(image, os.path.join(system, "signing-key.pem"), folder)
    return image


def _compressed(image, folder):
    path = os.path.join(folder, "vmlinuz.gz")
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(_read(image))
    return path


def _signed(image, key, folder):
    """A copy with that signature alone: kernels look at one only."""
    signed = os.path.join(folder, "vmlinuz.signed")
    shutil.copyfile(image, signed)
    subprocess.run(["sbattach", "--remove", signed], check=False, capture_output=True)
    subprocess.run(["sbsign", "--key", key, "--cert", key, "--output", signed, signed],
                   check=True, capture_output=True)
    return signed


def _config(values):
    return "".join(f"{key}={value}\n" for key, value in values.items() if value != "").encode()


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _archives(kernel, groups):
    """The initramfs without its configuration: the common part and some driver groups."""
    return b"".join(_read(os.path.join(kernel, f"{name}.cpio")) for name in ["base"] + groups)


def _groups(scenario, *others):
    """The groups of drivers for the disk and for others, each once."""
    kinds = [scenario.disk, *others]
    return list(dict.fromkeys(machine.DRIVER_GROUP.get(kind, kind) for kind in kinds))


def _extra_disks(scenario):
    return [kind for kind in _driven(scenario) if machine.is_disk(kind)]


def _hot_added(scenario):
    return ["nvme"] if machine.is_hot_add(scenario) else []


def _driven(scenario):
    return [] if scenario.number("idle_extra") else scenario.extra.split()


def _disk_config(scenario, drivers, later=()):
    """drivers: the groups there are; a disk without its driver is not waited for. later:
    kinds of disks that came after boot."""
    disks = [kind for kind in [*_extra_disks(scenario), *later]
             if set(_groups(scenario, kind)) <= set(drivers)]
    return {"disks": 1 + len(disks), "disk_sectors": _disk_size(scenario) // 512}


def _tool_archive(scenario, kernel):
    if machine.is_arm64(scenario):
        return _read(os.path.join(kernel, "tool.cpio"))
    return tool.archive(PRODUCTS)


def _capture_initrd(scenario, kernel, token):
    groups = _groups(scenario, *scenario.capture_modules.split())
    checks = scenario.checks.split()
    return _archives(kernel, groups) + (_tool_archive(scenario, kernel) if "tool" in checks else b"") + (
        cpio.archive({"config": _config({
            "token": token, **_disk_config(scenario, groups, _hot_added(scenario)),
            "modules": " ".join(groups),
            "capture_net": 1 if _capture_has_net(scenario) else "",
            "survey": 1 if {"survey", "disks"} & set(checks) else "", "tool": 1 if "tool" in checks else "",
            "raw_dump": 1 if scenario.dump_format == "raw" else "",
            "dump_elf": 1 if scenario.dump_format == "elf" else ""})}))


def _capture_has_net(scenario):
    return "net" in scenario.capture_modules.split()


def _system_groups(scenario):
    optional = {"net": scenario.number("net"), "usb": scenario.number("uhci"),
                "sound": scenario.number("sound"), "vfio": scenario.vfio_device or scenario.asleep}
    return _groups(scenario, *(name for name, wanted in optional.items() if wanted),
                   *_driven(scenario), *_hot_added(scenario))


def _build_initrd(scenario, kernels, kind, folder, token, seed):
    """The system kernel's initramfs holds the capture kernel and its own."""
    system, capture = kernels
    capture_cmdline = " ".join([_common_cmdline(scenario), CAPTURE_CMDLINE, scenario.capture,
                                scenario.stage_args if kind == "quietus" else ""]).strip()
    groups = _system_groups(scenario)
    config = {"token": token, "seed": seed, **_disk_config(scenario, groups),
              "kexec": scenario.kexec, "kexec_checks": scenario.kexec_checks,
              "kexec_text": scenario.kexec_text,
              "modules": " ".join(groups),
              "survey": 1 if "survey" in scenario.checks else "",
              "trace": 1 if "mapped" in scenario.checks else "",
              "capture_cmdline": capture_cmdline}
    for key in ("churn_disk", "churn_deep", "churn_net", "background_disk",
                "background_deep", "patterns", "vfio_device", "vfio_maps", "vfs", "asleep",
                "hotplug", "yank", "audit"):
        config[key] = scenario.values[key]
    config["death"] = scenario.death.split()[0]
    config["symbols"] = " ".join(death.symbols(scenario))
    config["vfio_msix"] = 1 if scenario.spare == "bell" else ""
    initrd = os.path.join(folder, "initrd")
    with open(initrd, "wb") as file:
        file.write(_archives(system, groups + ["kexec"]))
        if scenario.audit:
            file.write(_tool_archive(scenario, system) + audit.configuration(capture_cmdline))
        file.write(cpio.archive({
            "config": _config(config), "boot/initrd": _capture_initrd(scenario, capture, token),
            "boot/capture": _read(_capture_image(scenario, kernels, kind, folder))}))
    return initrd


def _disk_size(scenario):
    return (scenario.number("ram_mib") + 1024) << 20


def _make_disk(scenario, folder):
    path = os.path.join(folder, "disk.img")
    with open(path, "wb") as file:
        file.truncate(_disk_size(scenario))
    return path


def _trace_event(line):
    """(time, event, values) of a line of QEMU's trace, None for other lines."""
    match = re.match(r"\d+@(\d+\.\d+):(\w+) ?(.*)", line)
    return (float(match.group(1)), match.group(2), match.group(3)) if match else None


# What QEMU's SMMUv3 says of a refused DMA, and QEMU of one that reaches no memory, as IOVAs
# do while the unit is off; without the time.
TRANSLATION_FAILED = "translation failed for iova"
NOTHING_THERE = ("Invalid read at addr", "Invalid write at addr")


def _trace_events(lines):
    """The events of QEMU's trace; what has no time gets that of the line before. A refused
    DMA reaches nothing either, which is not told again."""
    now, refused = 0.0, False
    for line in lines:
        event = _trace_event(line)
        if not event and TRANSLATION_FAILED in line:
            event = (now, TRANSLATION_FAILED, line.strip())
        elif not event and not refused and line.startswith(NOTHING_THERE):
            event = (now, "nothing there", line.strip())
        refused = bool(event) and event[1] in SMMU_REFUSALS
        if event:
            now = event[0]
            yield event


SMMU_REFUSALS = {"smmuv3_translate_abort", TRANSLATION_FAILED}
FAULT_EVENTS = SMMU_REFUSALS | {
    "vtd_dmar_fault", "vtd_fault_disabled",
    "amdvi_page_fault", "amdvi_invalid_dte", "amdvi_mode_invalid", "amdvi_dte_get_fail",
    "amdvi_get_pte_hwerror", "amdvi_ir_err", "amdvi_ir_target_abort",
    "nothing there",
}


def _is_fault(event, values):
    """QEMU's AMD-Vi says of some refused DMA only that it led to address 0."""
    return event in FAULT_EVENTS or (
        event == "amdvi_translation_result" and values.rstrip().endswith("hpa 0x0"))


# Registers of SMMUv3 (IHI 0070, 6.3): bit 0 of CR0 is the switch; the stream table's two.
SMMU_CR0, SMMU_STREAM_TABLE = 0x20, {0x80, 0x84, 0x88}


def _is_switch(event, values):
    """A unit switched, or given another root. AMD-Vi's control register: bit 0 is the switch."""
    if event == "amdvi_control_status":
        return not int(values.split()[-1], 16) & 1
    if event == "smmuv3_write_mmio":
        register, value = (int(word, 16) for word in re.findall(r"0x[0-9a-f]+", values)[:2])
        return register in SMMU_STREAM_TABLE or (register == SMMU_CR0 and not value & 1)
    return event.startswith("vtd_")


class Run:
    """State of one run; result is what ends up in result.json."""

    def __init__(self, scenario, kind, folder, accel, options):
        self.scenario, self.kind, self.folder, self.accel = scenario, kind, folder, accel
        self.options = options
        self.products = PRODUCTS
        self.token = secrets.token_hex(8)
        self.seed = secrets.randbits(60)
        self.checks = scenario.checks.split()
        self.patterns = {}
        self.symbols = {}
        self.sample = {}
        self.last_said = "nothing"
        self.landed = []  # where frames of the dead kernel's rings lie
        self.crash_region = []
        self.functions = {}
        self.drivers = {"before": set(), "after": set()}
        self.stopped = set()
        self.guest = None
        self.watch = None
        self.panic_wall = None
        self.panic_clock = None
        self.end_wall = float("inf")
        self.times = {}
        self.problems = []
        self.result = {"scenario": scenario.name, "title": scenario.title, "kind": kind,
                       "accel": accel, "saved": False}

    def fail(self, problem):
        if problem not in self.problems:
            self.problems.append(problem)

    # Before the crash.

    def boot(self, kernels):
        scenario = self.scenario
        self.result["qemu"] = _qemu_version(scenario)
        self.result["kernels"] = [os.path.basename(kernel) for kernel in kernels]
        files = {"kernel": os.path.join(kernels[0], "vmlinuz"),
                 "initrd": _build_initrd(scenario, kernels, self.kind, self.folder, self.token,
                                         self.seed),
                 "append": f"{_common_cmdline(scenario)} crashkernel={scenario.crashkernel} "
                           f"{scenario.system}",
                 **firmware.files(scenario.firmware, BUILD, self.folder),
                 "disk": _make_disk(scenario, self.folder),
                 "trace": os.path.join(self.folder, "trace.log")}
        self.guest = guest.Guest(scenario, self.folder, files, self.accel, self.token,
                                 self.options.verbose)
        deadline = self.guest.clock() + scenario.number("boot_timeout")
        self.guest.wait(lambda source, text: self._note(source, text) == "system", deadline)
        if self.result.get("kexec") != 0:
            raise guest.Gone()

    def look_at_tables(self):
        """What the system kernel left at the IOVAs of the crash region."""
        if machine.is_arm64(self.scenario):
            return
        for unit in vtd.units(self.guest.memory, self.guest.qmp):
            for start, end in self.crash_region:
                used, empty = vtd.window(unit, start, end)
                self.result["window_used"] = self.result.get("window_used", 0) + used
                self.result["window_empty"] = self.result.get("window_empty", 0) + empty

    def _note(self, source, text):
        """Keeps what the guest reports; gives the key when it marks a step."""
        if source == "console" and self._last_words() in text:
            return "panic"
        if source == "console" and "Linux version" in text and "panic" in self.times:
            self.times.setdefault("capture kernel", time.monotonic())
        if source != "results" or "=" not in text:
            return None
        self.last_said = text
        key, _, value = text.partition("=")
        if key == "pattern":
            index, address = value.split()
            self.patterns[int(index)] = int(address, 0)
        elif key == "symbol":
            name, address = value.split()
            self.symbols[name] = int(address, 0)
        elif key == "crash_region":
            start, end = (int(part, 16) for part in value.split()[0].split("-"))
            self.crash_region.append((start, end + 1))
        elif key == "kexec":
            self.result["kexec"] = int(value)
        elif text == "disk=filled":
            self.guest.qmp.lift_limits(machine.DRIVE)
        elif key == "hotplug":
            self.guest.hotplug(value)
        elif key.startswith("setup_data_") or key == "device_tree":
            self._store_report(bytes.fromhex(value))
        elif key == "driver":
            self.drivers["after" if "panic" in self.times else "before"].add(value)
        elif key == "audit":
            with open(self._audit_path(), "wb") as file:
                file.write(bytes.fromhex(value))
        elif key == "trace":
            with open(os.path.join(self.folder, "linux_trace"), "wb") as file:
                file.write(bytes.fromhex(value))
        elif key in ("tool_report", "tool_show"):
            with open(os.path.join(self.folder, key), "wb") as file:
                file.write(bytes.fromhex(value))
        elif key.startswith(("mem_", "tool_")) or key in ("interfaces", "readable_disks",
                                                          "receiving_interfaces", "status_exit"):
            self.result[key] = int(value)
        elif key == "error":
            self.result.setdefault("guest_errors", []).append(value)
            return "error"
        elif key == "saved":
            self.result["dump_bytes"] = int(value)
        if key == "system":
            return "system" if value == "loaded" else None
        return f"{key}={value}" if key == "capture" else key

    def _last_words(self):
        """Of the kernel that runs; the capture kernel has none, or a panic's."""
        return death.PANIC if "panic" in self.times else death.last_words(self.scenario)

    def _audit_path(self):
        return os.path.join(self.folder, "audit.json")

    def _store_report(self, data):
        """A node of setup_data, the property of the device tree, or the whole of a tree."""
        at = data.find(report.MAGIC)
        if at > 0:  # Devicetree Specification 0.4, 5.4.1: the length comes 8 bytes before it
            data = data[at:at + int.from_bytes(data[at - 8:at - 4], "big")]
        if data.startswith(report.MAGIC):
            with open(os.path.join(self.folder, "report.bin"), "wb") as file:
                file.write(data)

    # The crash.

    def crash(self):
        self.guest.feeder.pace(*FRAMES_UNTIL_CAPTURE)
        end = death.Death(self)
        if self.wants_watch():
            if not self.dma_is_known():
                # Then memory is to stay as it is while the stage runs.
                self.guest.feeder.pace(0.1, 0)
            self.watch = stage.Watch(self)
        self.functions = survey.functions(self.guest.qmp)
        self.times["told"] = time.monotonic()
        end.let_go()
        self.guest.go_on()
        end.bring_about()
        if end.is_silent():
            self.times["panic"], self.panic_wall = time.monotonic(), time.time()
        else:
            event = self.guest.wait(lambda source, text: self._note(source, text) == "panic",
                                    self.guest.clock() + PANIC_SECONDS)
            self.times["panic"], self.panic_wall = event[1], event[2]
        self.panic_clock = self.guest.clock()
        self.look_at_tables()  # the purgatory is busy hashing: nobody changes them now
        # What kept reads in flight until here; stopping the machine to look at it would end them.
        if self.scenario.number("snapshot"):
            self.guest.qmp.lift_limits(machine.DRIVE)
        limit = self.options.dump_timeout or self.scenario.number("dump_timeout")
        self.deadline = self.guest.clock() + limit
        end.inflict()
        if self.watch:
            self.watch.follow()

    def wants_watch(self):
        return self.kind == "quietus" and self.scenario.number("snapshot")

    def dma_is_known(self):
        """Whether the tables tell where leftover DMA may write while the stage runs."""
        system = self.scenario.system.split()
        return (self.scenario.iommu != "none" and not machine.is_amd(self.scenario)
                and any(word.split(",")[0] == "intel_iommu=on" for word in system)
                and "iommu=pt" not in system
                and not self.scenario.number("quiet") and not self.scenario.inject)

    def capture(self):
        """Follows the capture kernel until the dump is saved, or visibly lost."""
        steps = ("capture=started", "saved", "error", "panic")
        while "saved" not in self.times:
            seen = []
            event = self.guest.wait(
                lambda source, text: seen.append(self._note(source, text)) or seen[-1] in steps,
                self.deadline)
            step = seen[-1]
            self.times.setdefault(step, event[1])
            if step == "panic":
                self.fail("the capture kernel panicked")
                return
            if step == "error":
                self.fail("guest: " + self.result["guest_errors"][-1])
                if "dump not saved" in self.result["guest_errors"][-1]:
                    return
            if step == "capture=started":
                self.guest.qmp.lift_limits(machine.DRIVE)
                self._look_at_capture_start()
        self.result["saved"] = True
        self.result["panic_to_saved"] = round(self.guest.clock() - self.panic_clock, 2)
        self.guest.wait(lambda source, text: self._note(source, text) == "capture=finished",
                        self.guest.clock() + FINISH_SECONDS)
        self.end_wall = time.time()
        self._look_at_end()
        self.guest.go_on()
        self.guest.wait_exit(FINISH_SECONDS)

    def _in_crash_region(self, address):
        return any(start <= address < end for start, end in self.crash_region)

    def _look_at_capture_start(self):
        """GUARD from outside: no frame sent since the panic lies in the crash region."""
        late = self.guest.feeder.sent_between(self.times["panic"], time.monotonic())
        # At once: looking takes time, and the dump may be saved in less.
        self.guest.feeder.pace(*(FRAMES_WITHOUT_END if _capture_has_net(self.scenario)
                                 else FRAMES_DURING_CAPTURE))
        found = self.guest.feeder.found_in(self.guest.memory)
        inside = [hex(address) for number in late & set(found) for address in found[number]
                  if self._in_crash_region(address)]
        if inside and self.kind == "quietus":
            self.fail(f"leftover DMA in the crash region at {inside[:4]}")

    def _look_at_end(self):
        """Leftover DMA: frames sent while the capture kernel ran lie where the rings pointed.

        Copies in the crash region are the capture kernel's own, made while it saved
        the dead kernel's buffers.
        """
        self.sample = dump.sample(self.guest.memory, self.crash_region)
        if "survey" in self.checks:
            self._survey()
        if "disks" in self.checks:
            self._check_disks()
        start = self.times.get("capture=started")
        if start is None or not self.guest.feeder.sockets:
            return
        self.guest.feeder.pace(1, 0)
        sent = self.guest.feeder.sent_between(start, time.monotonic())
        deadline = self.guest.clock() + LEFTOVER_SECONDS
        while len(landed := self._landed(sent)) < len(sent):
            if self.guest.clock() > deadline:
                break
        self.landed = [address for addresses in landed.values() for address in addresses]
        self.result["leftover_sent"] = len(sent)
        self.result["leftover_landed"] = len(landed)

    def _survey(self):
        """What the capture kernel found and can use, next to what there was."""
        for line in survey.differences(self.functions, survey.functions(self.guest.qmp)):
            self.fail("in the capture kernel: " + line)
        # One whose user was another kernel, or a program, is anybody's now.
        lost = {line for line in self.drivers["before"] - self.drivers["after"]
                if not line.endswith(" vfio-pci")}
        if lost:
            self.fail("no driver in the capture kernel: " + ", ".join(sorted(lost)))
        self.result["drivers"] = len(self.drivers["after"])
        self._check_disks()
        if _capture_has_net(self.scenario):
            interfaces, receiving = (self.result.get(key) for key in
                                     ("interfaces", "receiving_interfaces"))
            if receiving != interfaces:
                self.fail(f"{receiving} of {interfaces} interfaces receive")

    def _check_disks(self):
        disks = 1 + len(_extra_disks(self.scenario))
        if self.result.get("readable_disks") != disks:
            self.fail(f"{self.result.get('readable_disks')} of {disks} disks readable")

    def _landed(self, sent):
        """Where frames lie in memory outside the crash region: {number: [address]}."""
        found = self.guest.feeder.found_in(self.guest.memory)
        outside = {number: [address for address in found.get(number, [])
                            if not self._in_crash_region(address)] for number in sent}
        return {number: addresses for number, addresses in outside.items() if addresses}

    # Afterwards.

    def read_trace(self):
        """By the trace's own clock: refused DMA, and units switched between panic and dump."""
        faults = {"before": [], "after": []}
        switched = []
        with open(os.path.join(self.folder, "trace.log"), encoding="utf-8",
                  errors="replace") as trace:
            for at, event, values in _trace_events(trace):
                after = self.panic_wall is not None and at >= self.panic_wall
                if _is_fault(event, values):
                    faults["after" if after else "before"].append(values)
                elif _is_switch(event, values) and after and at < self.end_wall:
                    switched.append(f"{event} {values}")
        self.result["faults"] = len(faults["after"])
        self.result["faults_before_panic"] = len(faults["before"])
        self.result["unit_switched"] = len(switched)
        self.switched = switched
        if faults["after"]:
            self.result["first_fault"] = faults["after"][0]

    def read_console(self):
        """What the system kernel said of itself, and the capture kernel of interrupts."""
        with open(os.path.join(self.folder, "console.log"), encoding="utf-8",
                  errors="replace") as console:
            before, _, after = console.read().partition(death.last_words(self.scenario))
        if not re.search(self.scenario.expect_console, before):
            self.fail(f"the system kernel did not say {self.scenario.expect_console}")
        if left := NOT_COMMITTED.search(after):
            self.result["not_committed"] = left[1]
        vectors = UNHANDLED.findall(after)
        self.result["unhandled_vectors"] = len(set(vectors))
        self.result["unhandled_again"] = len(vectors) - len(set(vectors))

    def check_dump(self):
        error = dump.extract(os.path.join(self.folder, "disk.img"), self.folder, self.token)
        error = error or dump.rearrange(self.folder, machine.is_arm64(self.scenario))
        problems = [error] if error else dump.check(self.folder, self.token,
                                                    death.last_words(self.scenario),
                                                    self.patterns, self.seed, self.sample)
        self.result["dump_complete"] = self.result["saved"] and not problems
        if "dump" in self.checks:
            for problem in problems:
                self.fail(problem)

    def read_report(self):
        path = os.path.join(self.folder, "report.bin")
        if not os.path.exists(path):
            if self.kind == "quietus" and "noreport" not in self.checks:
                self.fail("no report reached the capture kernel's user space")
            return
        try:
            decoded = report.decode(path, BUILD)
        except (subprocess.CalledProcessError, ValueError) as error:
            self.fail(f"the report cannot be decoded: {getattr(error, 'stderr', error)}")
            return
        for key in ("outcome", "reason", "phase", "error", "exception", "nmis", "stage_us",
                    "words_changed", "memory_used", "requesters", "domains", "units"):
            self.result[key] = decoded[key]
        expected = self.scenario.expect_outcome
        if decoded["outcome"] not in expected.split("|"):
            self.fail(f"outcome {decoded['outcome']}, expected {expected}")
        decisions = dict(decoded["requester_list"])
        self._check_decisions(decisions)
        self.stopped = {rid & 0xFFFF for rid, decision in decisions.items() if decision == "stop"}
        self._check_stops(decoded["function_list"])
        if decoded["outcome"] == "committed" and self.switched:
            self.fail(f"a unit was switched or given another root: {self.switched[0]}")
        if self.watch:
            self.watch.check_against(decoded)
        if "tool" in self.checks:
            tool.check(self, decoded)
        if "undo" in self.checks:
            tool.check_undo(self, decoded)
        if self.scenario.audit:
            self._check_audit(decoded)

    def _check_audit(self, decoded):
        for problem in audit.problems(self._audit_path(), decoded):
            self.fail(problem)
        if os.path.exists(self._audit_path()) and \
                audit.was_read(self._audit_path()) != (self.scenario.audit == "read"):
            self.fail(f"audit: the tables were not {self.scenario.audit}")
        if self.result.get("status_exit") != 0:
            self.fail(f"status: {self.result.get('status_exit')}, which is not that all is covered")

    def _check_decisions(self, decisions):
        for wanted in self.scenario.expect_decisions.split():
            requester, _, decision = wanted.partition("=")
            found = decisions.get(int(requester, 0), "none")
            if found != decision:
                self.fail(f"requester {requester}: {found}, expected {decision}")

    def _check_stops(self, functions):
        """Bridges are restored with what is below them, and are not among those stopped."""
        fates = collections.Counter(fate for fate, _ in functions.values())
        self.result["stops"] = dict(fates)
        self.result["stop_us"] = max((taken for _, taken in functions.values()), default=0)
        expected = {}
        for wanted in self.scenario.expect_stops.split():
            fate, _, count = wanted.partition("=")
            expected[fate] = int(count)
        obstacles = set(report.OBSTACLES.values()) - set(expected)
        found = {fate: count for fate, count in fates.items() if fate not in obstacles}
        if expected and found != expected:
            self.fail(f"stopped: {found}, expected {expected}")

    def check(self):
        for error in self.result.get("guest_errors", []):
            self.fail("guest: " + error)
        if "dump" in self.checks and not self.result["saved"]:
            self.fail("dump not saved")
        if "faults" in self.checks:
            self._check_faults()
        for key in ("window_empty", "window_used"):
            if key in self.checks and not self.result.get(key):
                self.fail(f"the system kernel did not leave what this is about: no {key}")
        if "interrupts" in self.checks:
            self._check_interrupts()
        if self.watch:
            self.watch.check_keep(self.stopped)
        if "mapped" in self.checks and self.result["saved"]:
            mapped.check(self)
        if "silent" in self.checks and self.result["saved"]:
            self._check_silent()
        if "leftover" in self.checks and self.result["saved"]:
            self._check_leftover()

    def _check_faults(self):
        if self.result["faults"]:
            self.fail(f"{self.result['faults']} DMA faults, first: {self.result['first_fault']}")
        if self.result["faults_before_panic"]:
            self.fail(f"{self.result['faults_before_panic']} DMA faults before the panic")
        # Refused interrupts are not traced; like all else, QEMU's unit mentions them once.
        with open(os.path.join(self.folder, "qemu.log"), encoding="utf-8") as log:
            complaints = [line.strip() for line in log if " vtd_" in line]
        if complaints and not self.result["faults"]:
            self.fail(complaints[0])

    def _check_interrupts(self):
        """The device keeps on raising its interrupt; only stock kdump's capture kernel gets
        it. One interrupt of each vector can wait in the CPU since before the stage."""
        rung = self.guest.bell.rung_between(self.times["panic"], self.times.get("saved", math.inf))
        self.result["interrupts_raised"] = rung
        again = self.result["unhandled_again"]
        if not rung:
            self.fail("the device raised no interrupt after the panic")
        if self.kind == "quietus" and again:
            self.fail(f"the capture kernel met {again} more interrupts than could be waiting")
        if self.kind == "stock" and not again:
            self.fail("the capture kernel did not notice the interrupts this is about")

    def _check_silent(self):
        sent, landed = self.result.get("leftover_sent", 0), self.result.get("leftover_landed", 0)
        if landed or not sent:
            self.fail(f"no silence: {landed} of {sent} frames landed")

    def _check_leftover(self):
        sent, landed = self.result.get("leftover_sent", 0), self.result.get("leftover_landed", 0)
        if landed == 0 or landed < sent * 0.9:
            self.fail(f"leftover DMA: {landed} of {sent} frames landed")


def _finish(run):
    result = run.result
    result["times"] = {key: round(at - run.times["panic"], 2) for key, at in run.times.items()
                       if "panic" in run.times}
    if run.guest:
        result["stopped_seconds"] = round(run.guest.stopped_seconds, 2)
        result["waited_seconds"] = round(run.guest.waited_seconds, 2)
    result["problems"] = run.problems
    if "panic" not in run.times:
        result["exit"] = 2
    else:
        result["exit"] = 1 if run.problems else 0
    result["passed"] = result["exit"] == 0
    with open(os.path.join(run.folder, "result.json"), "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    return result


def _clean(run, keep):
    if keep:
        return
    for name in ("disk.img", "initrd", "vmcore", "vmcore.flat", "vmlinuz.quietus", "vmlinuz.signed",
                 "vmlinuz.gz"):
        path = os.path.join(run.folder, name)
        if os.path.exists(path):
            os.unlink(path)


def _live(run, kernels):
    """The part during which QEMU runs."""
    try:
        run.boot(kernels)
        run.crash()
        run.capture()
    except RuntimeError as error:
        run.fail(str(error))
    except guest.TimedOut:
        run.fail(f"timed out {'after' if 'panic' in run.times else 'before'} the panic, when the "
                 f"guest had last said {run.last_said[:60]}")
    except guest.Gone:
        if not run.result["saved"]:
            run.fail("the machine ended " + ("before the dump was saved"
                                             if "panic" in run.times else "before the crash"))
    finally:
        if run.guest:
            run.result["wall"] = round(time.monotonic() - run.started, 1)
            run.guest.close()


def run_folder(name, kind):
    return os.path.join(BUILD, "runs", f"{name}-{kind}")


def run(scenario, options):
    kernels = _prepare(scenario)
    accel = options.accel
    if accel == "auto":
        accel = machine.best_accel(scenario, BUILD, os.path.join(kernels[0], "vmlinuz"))
    folder = run_folder(scenario.name, options.kind)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _run_in(folder, scenario, options, kernels, accel)


def _run_in(folder, scenario, options, kernels, accel):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    one = Run(scenario, options.kind, folder, accel, options)
    one.started = time.monotonic()
    _live(one, kernels)
    one.read_trace()
    one.read_console()
    if "panic" in one.times:
        one.check_dump()
        one.read_report()
        one.check()
    result = _finish(one)
    _clean(one, options.keep)
    return result


def print_summary(result):
    keys = ["saved", "faults", "panic_to_saved", "mem_available_kib", "outcome", "stage_us",
            "words_changed", "leftover_landed", "leftover_sent", "stops", "stop_us",
            "mapped_pages", "mapped_ranges",
            "interrupts_raised", "unhandled_vectors", "unhandled_again", "wall", "accel"]
    values = "  ".join(f"{key}={result[key]}" for key in keys if key in result)
    print(f"{result['scenario']} ({result['kind']}): "
          f"{'passed' if result['passed'] else 'FAILED'}  {values}")
    for problem in result["problems"]:
        print(f"    {problem}")
