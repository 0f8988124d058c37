"""Builds what is measured and what measures it: the shipped library, the peers, the data."""

import hashlib
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target/bench"
DATA = ROOT / "target/bench-data"
VENV = ROOT / "target/bench-venv"
LIBRARY = ROOT / "target/release/libpqpush.so"
GENERATOR = ROOT / "target/release/examples/bench_data"
ARROW_RS = ROOT / "target/peer/examples/bench_arrow_rs"
# What of the library the floor is compiled with.
OF_THE_FLOOR = ["src/simd/snappy", "src/simd/cpu.rs"]
PYTHON_PEERS = ["pyarrow", "duckdb", "polars"]
# What the program around them imports besides.
PYTHON_LIBRARIES = ["numpy"]


def run(*command):
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)


def command_of(program):
    """The command of a peer and what its environment has in addition."""
    if program in PYTHON_PEERS:
        return [VENV / "bin/python", "-B", ROOT / "benches/peers/python/main.py", program], {
            "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    commands = {
        "pqpush": WORK / "pqpush",
        "arrow-rs": ARROW_RS,
        "pqpush-rust": ROOT / "target/release/examples/bench_arrow_rs",
    }
    return [commands[program]], {}


def build(programs):
    """Everything that these programs need; what is up to date costs little."""
    run("scripts/setup", "gcc", "python3-venv")
    run("cargo", "build", "--release", "--quiet", "--locked", "--lib")
    build_example(GENERATOR, ["benches/data"], "release")
    if "pqpush" in programs:
        build_c_peer()
    # What is optimised over all crates takes minutes to build, and does not change with pqpush.
    if "arrow-rs" in programs or "floor" in programs:
        build_example(ARROW_RS, ["benches/peers/arrow_rs", *OF_THE_FLOOR], "peer")
    if "pqpush-rust" in programs:
        run("cargo", "build", "--release", "--quiet", "--locked", "--example", "bench_arrow_rs")
    if set(programs) & set(PYTHON_PEERS):
        install_python_peers()


def stamp(sources):
    """The sources of a program and the versions of the crates, in short."""
    files = [ROOT / "Cargo.lock"]
    for path in (ROOT / source for source in sources):
        files += [path] if path.is_file() else sorted(path.rglob("*.rs"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def build_example(program, sources, profile):
    """Builds an example where its own sources are not those that it was built from."""
    note = WORK / f"{profile}-{program.name}.stamp"
    if not program.exists() or not note.exists() or note.read_text() != stamp(sources):
        run("cargo", "build", "--profile", profile, "--quiet", "--locked", "--example", program.name)
        WORK.mkdir(parents=True, exist_ok=True)
        note.write_text(stamp(sources))


def build_c_peer():
    library = WORK / "lib"
    library.mkdir(parents=True, exist_ok=True)
    dynamic = subprocess.run(["objdump", "-p", LIBRARY], capture_output=True, text=True, check=True).stdout
    soname = next(line.split()[1] for line in dynamic.splitlines() if "SONAME" in line)
    for name in (soname, "libpqpush.so"):
        link = library / name
        link.unlink(missing_ok=True)
        link.symlink_to(LIBRARY)
    sources = sorted((ROOT / "benches/peers/pqpush").glob("*.c"))
    run("gcc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT}/include",
        *sources, f"-L{library}", "-lpqpush", f"-Wl,-rpath,{library}", "-pthread", "-o", WORK / "pqpush")


def install_python_peers():
    python = VENV / "bin/python"
    if not python.exists():
        run(sys.executable, "-m", "venv", VENV)
    wanted = [*PYTHON_PEERS, *PYTHON_LIBRARIES]
    has_all = subprocess.run([python, "-c", "import " + ", ".join(wanted)], capture_output=True).returncode == 0
    if not has_all:
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted)


def make_data(size, names):
    """Generates the files that are not there yet."""
    run(GENERATOR, DATA / size, size, *sorted(set(names)))


def path_of(size, name):
    return DATA / size / f"{name}.parquet"


def library():
    """The commit that the library was last changed by."""
    command = ["git", "log", "-1", "--format=%h", "--", "src", "Cargo.lock"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
