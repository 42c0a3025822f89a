// Lambda's provided.al2023 has glibc 2.34. A program that asks for a newer version of one symbol does not start there
// ("version `GLIBC_2.35' not found"), even when it never calls it. What is defined here is not asked of glibc. That
// nothing else is asked is checked when the package is made.

// Swift's static library asks for `hypotf`, of which glibc has a new version since 2.35.

/// The squares of floats are exact as doubles, and their sum neither overflows nor vanishes.
float hypotf(float x, float y) {
    if (__builtin_isinf(x) || __builtin_isinf(y)) return __builtin_inff();
    return (float)__builtin_sqrt((double)x * x + (double)y * y);
}
