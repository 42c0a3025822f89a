"""What Lambda's `provided.al2023` gives a program, and up to which version."""

import re

# glibc, and of GCC what its minimal container image has. All else travels in the zip.
LIBRARIES = re.compile(
    r"(libc|libm|libresolv|libpthread|libdl|librt|libutil|libstdc\+\+|libgcc_s)\.so\.\d+"
    r"|ld-linux[-a-z0-9_]*\.so\.\d+"
)

# glibc 2.34, and libstdc++ and libgcc_s of GCC 11.
HIGHEST = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (11, 0)}

# Where its loader looks, as Lambda sets it: the system before the function.
LIBRARY_PATH = "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"


def gives(library: str) -> bool:
    return LIBRARIES.fullmatch(library) is not None


def has_version(name: str) -> bool:
    """Whether a version that a library of the list is asked for, such as GLIBC_2.34, is there."""
    family, _, number = name.rpartition("_")
    parts = number.split(".")
    if family not in HIGHEST or not all(part.isdigit() for part in parts):
        return False
    return tuple(map(int, parts)) <= HIGHEST[family]
