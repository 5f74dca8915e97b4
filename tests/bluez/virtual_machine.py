"""A virtual machine with this computer's own files and a kernel that knows Bluetooth.

Many computers that run tests have no Bluetooth in their kernel, and nobody wants a test to touch
the adapter that is there. So the test's computer is one in qemu, with the distribution's stock
kernel. The packages that it needs are downloaded and unpacked, not installed, into the cache
folder; the guest's root is the host's, read-only over 9p, with those packages above it and whatever
is written in memory (overlayfs). Nothing of it needs root, and the guest sees the repository and
its virtual environment under the paths that they have outside.

qemu emulates (TCG): KVM is missing or does not work where tests usually run.
"""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from platformdirs import user_cache_path

CACHE = user_cache_path("kneetrack") / "bluez"
ROOT = CACHE / "root"
"""The unpacked packages, laid out as a root folder."""
INIT = Path(__file__).with_name("guest-init")
MEMORY_MIB = 1024

_KERNEL = "linux-image-amd64"
_WANTED = ("qemu-system-x86", "bluez", "dbus", "busybox-static", "kmod")
_MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
_FIRST = """#!/busybox sh
b=/busybox
$b mkdir -p /proc /sys /dev /host /packages /rw /new
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
for m in {modules}; do $b insmod /modules/$m; done
for tag in host packages; do
  $b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro $tag /$tag
done
$b mount -t tmpfs -o size=50% tmpfs /rw; $b mkdir /rw/upper /rw/work
$b mount -t overlay -o lowerdir=/packages:/host,upperdir=/rw/upper,workdir=/rw/work root /new
for m in proc sys dev; do $b mount --move /$m /new/$m; done
exec $b switch_root /new {init}
"""


class CannotRun(Exception):
    """Why this computer can't run the virtual machine, in a sentence."""


def prepare() -> None:
    """Fetch what is missing and build the first file system; CannotRun where that is not possible.

    Some 90 MB are downloaded by the first call (from the distribution), none by the next.
    """
    if os.uname().machine != "x86_64":
        raise CannotRun(f"the virtual machine is an x86_64 one, this computer is {os.uname()[4]}")
    for tool in ("apt-get", "dpkg-deb", "tar"):
        if shutil.which(tool) is None:
            raise CannotRun(f"it takes Debian's packages, and there is no {tool} here")
    stamp = CACHE / "complete"
    if stamp.exists():
        return
    packages = _packages()
    stamp.unlink(missing_ok=True)
    shutil.rmtree(ROOT, ignore_errors=True)
    # /lib and its like are links into /usr, here as on the host below.
    for name in ("bin", "sbin", "lib", "lib64"):
        (ROOT / "usr" / name).mkdir(parents=True)
        (ROOT / name).symlink_to(f"usr/{name}")
    with tempfile.TemporaryDirectory(dir=CACHE) as downloads:
        if _run(["apt-get", "download", *packages], cwd=downloads).returncode:
            raise CannotRun("its packages could not be downloaded (no network?)")
        for package in sorted(Path(downloads).glob("*.deb")):
            _unpack(package)
    _checked("depmod", "-b", str(ROOT), _version())
    stamp.write_text("\n".join(packages))


def start(folder: Path) -> tuple[list[str], str, dict[str, str]]:
    """What starts the machine: arguments, executable, environment.

    `folder` is /mnt/out in the guest, and gets two sockets: `hci` for the controller of the guest's
    Bluetooth adapter to connect to (its UART, H4), and `shell` for commands (guest-init).
    """
    initramfs = folder / "initramfs"
    initramfs.write_bytes(_initramfs())
    # no_timer_check: on a busy host the kernel finds its emulated timer dead, and stops.
    kernel = "console=ttyS0 panic=-1 rdinit=/init mitigations=off tsc=reliable no_timer_check"
    arguments = [
        *("qemu-system-x86_64", "-L", str(ROOT / "usr/share/qemu")),
        *("-L", str(ROOT / "usr/share/seabios"), "-M", "q35", "-accel", "tcg,thread=multi"),
        *("-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB), "-nodefaults", "-no-user-config"),
        *("-display", "none", "-no-reboot", "-serial", f"file:{folder / 'console'}"),
        *("-serial", f"unix:{folder / 'hci'},server=on,wait=off"),
        *("-serial", f"unix:{folder / 'shell'},server=on,wait=off"),
        *("-kernel", str(_kernel()), "-initrd", str(initramfs), "-append", kernel),
        *("-device", "virtio-rng-pci", "-virtfs", _shared(Path("/"), "host", ",readonly=on")),
        *("-virtfs", _shared(ROOT, "packages", ",readonly=on")),
        *("-virtfs", _shared(folder, "out")),
    ]
    return arguments, *_own(arguments[0])


def _packages() -> list[str]:
    """The kernel, and of what is needed that which is not installed, with all it depends on."""
    depends = _run(["apt-cache", "depends", "--important", _KERNEL]).stdout.split()
    kernels = [word for word in depends if word.startswith("linux-image-")]
    plan = _run(["apt-get", "install", "--simulate", "--no-install-recommends", *_WANTED])
    if len(kernels) < 2 or plan.returncode:
        raise CannotRun(
            f"apt knows no {_KERNEL} or none of {', '.join(_WANTED)} (try: apt-get update)"
        )
    missing = [line.split()[1] for line in plan.stdout.splitlines() if line.startswith("Inst ")]
    return sorted([kernels[-1], *missing])


def _unpack(package: Path) -> None:
    with subprocess.Popen(
        ["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE
    ) as archive:
        subprocess.run(
            ["tar", "-x", "-C", str(ROOT), "--keep-directory-symlink", "--no-same-owner"],
            stdin=archive.stdout,
            check=True,
        )


def _kernel() -> Path:
    return max((ROOT / "boot").glob("vmlinuz-*"))


def _own(tool: str) -> tuple[str, dict[str, str]]:
    """A program of the computer's, or the unpacked one; and the environment that it runs in."""
    environment = {**os.environ, "LC_ALL": "C"}
    found = shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is not None:
        return found, environment
    libraries = (ROOT / "usr/lib/x86_64-linux-gnu", ROOT / "usr/lib")
    environment["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
    for folder in ("bin", "sbin"):
        path = ROOT / "usr" / folder / tool
        if path.is_symlink() and path.readlink().is_absolute():  # depmod is one to /bin/kmod
            path = ROOT / path.readlink().relative_to("/")
        if path.exists():
            return str(path), environment
    raise CannotRun(f"there is no {tool}, nor a package that has it")


def _shared(folder: Path, tag: str, more: str = "") -> str:
    return f"local,path={folder},mount_tag={tag},security_model=none,multidevs=remap{more}"


def _version() -> str:
    return _kernel().name.removeprefix("vmlinuz-")


def _run(arguments: list[str], cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )


def _checked(tool: str, *arguments: str) -> str:
    executable, environment = _own(tool)
    done = subprocess.run(
        [tool, *arguments],
        executable=executable,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotRun(f"{tool} failed: {done.stderr.strip()}")
    return done.stdout


def _initramfs() -> bytes:
    """What the kernel starts with: a shell, the modules that reach the host's files, /init."""
    modules: list[Path] = []
    for name in _MODULES:
        shown = _checked("modprobe", "-d", str(ROOT), "-S", _version(), "--show-depends", name)
        for line in shown.splitlines():
            words = line.split()
            if words[0] == "insmod" and Path(words[1]) not in modules:
                modules.append(Path(words[1]))
    busybox = next(path for path in (ROOT / "bin/busybox", Path("/bin/busybox")) if path.exists())
    init = _FIRST.format(modules=" ".join(path.name for path in modules), init=INIT)
    files = [
        ("busybox", 0o100755, busybox.read_bytes()),
        ("init", 0o100755, init.encode()),
        ("dev", 0o040755, b""),
        ("modules", 0o040755, b""),
        *((f"modules/{path.name}", 0o100644, path.read_bytes()) for path in modules),
    ]
    return gzip.compress(_cpio(files), 6)


def _cpio(files: Iterable[tuple[str, int, bytes]]) -> bytes:
    """An archive of (name, mode, data) in the kernel's format (initramfs-buffer-format: newc)."""
    archive = bytearray()
    console = ("dev/console", 0o020600, b"")
    for number, (name, mode, data) in enumerate([*files, console, ("TRAILER!!!", 0, b"")], 1):
        device = (5, 1) if name == "dev/console" else (0, 0)
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        archive += b"070701" + b"".join(b"%08X" % field for field in fields)
        for part in (name.encode() + b"\0", data):
            archive += part
            archive += bytes(-len(archive) % 4)
    return bytes(archive)
