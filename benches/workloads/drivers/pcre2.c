// Looks for some patterns in argv[1], argv[2] times, and prints how often each is there and a hash of where.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const PATTERNS[] = {
  "\\b[a-z]+ing\\b",
  "(?i)sqlite3?_[a-z0-9_]*\\s*\\(",
  "/\\*(?:[^*]|\\*(?!/))*\\*/",
  "^\\s*#\\s*(?:if|else|endif|define)\\b.*$",
  "(\\w+)\\s*=\\s*\\1",
  "(?:[0-9]{1,3}\\.){2,3}[0-9]+|0x[0-9a-fA-F]+",
  "(?<=return )[^;\\n]+(?=;)",
  "\\((?:[^()]++|(?R))*+\\)",
  "the|and|not|with|from|that",
};

int main(int argc, char **argv) {
  static char text[1 << 20];
  FILE *file = argc == 3 ? fopen(argv[1], "rb") : NULL;
  if (file == NULL) return 1;
  size_t len = fread(text, 1, sizeof text, file);
  for (size_t i = 0; i < sizeof PATTERNS / sizeof *PATTERNS; i++) {
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)PATTERNS[i], PCRE2_ZERO_TERMINATED, PCRE2_MULTILINE, &error, &at, NULL);
    if (code == NULL) return 1;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    unsigned found = 0, hash = 0;
    for (int times = atoi(argv[2]); times > 0; times--)
      for (size_t from = 0; from < len;) {
        if (pcre2_match(code, (PCRE2_SPTR)text, len, from, 0, match, NULL) < 0) break;
        PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match);
        found++;
        hash = hash * 31 + (unsigned)ends[0] * 7 + (unsigned)ends[1];
        from = ends[1] > ends[0] ? ends[1] : ends[1] + 1;
      }
    printf("%s: %u %08x\n", PATTERNS[i], found, hash);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }
  return 0;
}
