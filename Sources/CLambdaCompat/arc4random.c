// expat takes its hash salt from `arc4random_buf`, which glibc has since 2.36. See hypotf.c.

#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

// What getentropy gives at once.
enum { LARGEST = 256 };

/// Never fails, as glibc's: without randomness the program ends.
void arc4random_buf(void *buffer, size_t size) {
    char *next = buffer;
    while (size > 0) {
        size_t length = size < LARGEST ? size : LARGEST;
        if (getentropy(next, length) != 0) abort();
        next += length;
        size -= length;
    }
}
