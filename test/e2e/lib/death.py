# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The ways in which the system kernel ends, as far as they need a hand from outside.

A function that the kernel is to die in is reached with a breakpoint, and a call through
a NULL pointer is made there.
"""

from . import damage, machine

# What the kernel is led into where the scenario names no function.
SYSTEM_CALL = "__x64_sys_personality"
LAST_FUNCTION = "machine_kexec"

PANIC = "Kernel panic - not syncing"
DYING_SECONDS = 60
REACH_SECONDS = 120
STALLED = 1  # bytes a second


def function(scenario):
    """Where the kernel dies: (symbol, how many times it is passed before)."""
    way, *place = scenario.death.split()
    if way == "null":
        return SYSTEM_CALL, 0
    name, _, passes = (place[0] if place else "").partition("+")
    return name, int(passes or 0)


def symbols(scenario):
    """The functions whose addresses the guest has to tell."""
    return [name for name in (function(scenario)[0], LAST_FUNCTION if scenario.damage else "")
            if name]


def last_words(scenario):
    """What the system kernel's log says when it ends. After an oops kexec comes before panic()."""
    return "BUG: kernel NULL pointer dereference" if function(scenario)[0] else PANIC


class Death:
    """Attaches to the machine where it has to, which stops it: let_go() starts it again."""

    def __init__(self, run):
        self.run, self.guest, self.scenario = run, run.guest, run.scenario
        self.way = self.scenario.death.split()[0]
        self.name, self.passes = function(self.scenario)
        self.gdb = None
        if symbols(self.scenario):
            self.gdb = self.guest.attach_gdb()
            for name in symbols(self.scenario):
                self.gdb.set_break(self._address(name))

    def _address(self, name):
        if name not in self.run.symbols:
            raise RuntimeError(f"the system kernel has no symbol {name}")
        return self.run.symbols[name]

    def let_go(self):
        if self.gdb:
            self.gdb.resume()

    def bring_about(self):
        """From the word to go on until the panic is under way."""
        act = {"nmi": lambda: self.guest.qmp.command("inject-nmi"),
               "keyboard": lambda: self.guest.qmp.monitor("sendkey alt-sysrq-c"),
               "hung": self._stall, "hot-add": self._add_disk}.get(self.way)
        if act:
            self.guest.wait(lambda source, text: source == "results" and
                            text == f"dying={self.way}", self.guest.clock() + DYING_SECONDS)
            act()
        if self.name:
            self._reach(self.name)
            for _ in range(self.passes):
                self._pass()
            self.gdb.clear_break(self._address(self.name))
            self.gdb.set_register("pc", 0)
            self._go_on(bool(self.scenario.damage))

    def _go_on(self, again):
        """again: whether the machine is to be stopped here again. A machine that runs can
        not be detached from."""
        if again or self.run.wants_watch():
            self.gdb.resume()
        else:
            self.gdb.detach()

    def is_silent(self):
        """Whether the console never hears of the panic: what is printed in an NMI gets there
        only afterwards, and there is no afterwards."""
        return self.way == "nmi"

    def _stall(self):
        self.guest.qmp.limit(machine.DRIVE, STALLED)
        self.guest.go_on()

    def _add_disk(self):
        self.guest.qmp.command("device_add", driver="nvme", id="added", serial="added",
                               drive=machine.ADDED_DRIVE, bus=machine.EMPTY_SLOT)

    def _reach(self, name):
        if not self.gdb.wait_stop(REACH_SECONDS):
            raise RuntimeError(f"the system kernel did not get to {name}")
        if self.gdb.register("pc") != self._address(name):
            raise RuntimeError(f"stopped at {self.gdb.register('pc'):#x} instead of {name}")

    def _pass(self):
        self.gdb.clear_break(self._address(self.name))
        self.gdb.step()
        self.gdb.set_break(self._address(self.name))
        self.gdb.resume()
        self._reach(self.name)

    def inflict(self):
        """The damage, in the dead kernel's last function."""
        if not self.scenario.damage:
            return
        self._reach(LAST_FUNCTION)
        self.gdb.clear_break(self._address(LAST_FUNCTION))
        self.run.result["damage"] = damage.inflict(self.guest, self.scenario.damage)
        self._go_on(False)
