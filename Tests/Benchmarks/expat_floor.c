// The floor for reading XML: expat alone, with handlers that do nothing, over a file in chunks of 64 KB.
//
// usage: expat_floor FILE; prints MB/s, the best of five.

#include <expat.h>
#include <stdio.h>
#include <time.h>

enum { CHUNK = 64 << 10, ROUNDS = 5 };

static void start(void *data, const XML_Char *name, const XML_Char **attributes) {}
static void end(void *data, const XML_Char *name) {}
static void text(void *data, const XML_Char *bytes, int count) {}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

int main(int count, char **arguments) {
    if (count != 2) return 2;
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        FILE *file = fopen(arguments[1], "rb");
        if (!file) return 1;
        XML_Parser parser = XML_ParserCreate(NULL);
        XML_SetElementHandler(parser, start, end);
        XML_SetCharacterDataHandler(parser, text);
        static char chunk[CHUNK];
        size_t read, total = 0;
        double begun = seconds();
        while ((read = fread(chunk, 1, CHUNK, file)) > 0) {
            if (XML_Parse(parser, chunk, (int)read, 0) != XML_STATUS_OK) return 1;
            total += read;
        }
        if (XML_Parse(parser, NULL, 0, 1) != XML_STATUS_OK) return 1;
        double rate = total / 1e6 / (seconds() - begun);
        if (rate > best) best = rate;
        XML_ParserFree(parser);
        fclose(file);
    }
    printf("%.0f\n", best);
}
