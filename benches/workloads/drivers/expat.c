// Writes a document with argv[1] entries, parses it, with namespaces and without, and prints how many elements, attributes
// and characters were met, and a hash of the names.
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Seen {
  unsigned elements, attributes, characters, hash;
};

static void begin(void *data, const XML_Char *name, const XML_Char **attributes) {
  struct Seen *seen = data;
  seen->elements++;
  for (; *name; name++) seen->hash = seen->hash * 31 + (unsigned char)*name;
  for (; *attributes; attributes += 2) seen->attributes++;
}

static void end(void *data, const XML_Char *name) { ((struct Seen *)data)->hash += (unsigned char)*name; }

static void characters(void *data, const XML_Char *text, int len) { ((struct Seen *)data)->characters += (unsigned)len; }

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  int entries = atoi(argv[1]);
  char *text = malloc(1000 + 400 * (size_t)entries), *to = text;
  if (text == NULL) return 1;
  to += sprintf(to, "<?xml version='1.0' encoding='utf-8'?>\n<!DOCTYPE list [<!ENTITY who 'nobody &amp; all'>\n"
      "<!ATTLIST entry kind CDATA 'plain'>]>\n<list xmlns='urn:a' xmlns:b='urn:b'>\n");
  for (int i = 0; i < entries; i++)
    to += sprintf(to, "  <entry id=\"e%d\" b:year='%d'>\n    <title>Threads &amp; cloth, part %d</title>\n"
        "    <!-- no. %d --><b:by>&who;, \xc3\xa4\xe2\x82\xac &#x41;</b:by>\n    <text><![CDATA[if (a < %d) b();]]>\n%s</text>\n  </entry>\n",
        i, 1700 + i % 300, i, i, i * 7, i % 3 ? "warp and weft" : "a shuttle that carries one thread across all the others");
  to += sprintf(to, "</list>\n");
  struct Seen seen = {0, 0, 0, 0};
  for (int namespaces = 0; namespaces < 2; namespaces++) {
    XML_Parser parser = namespaces ? XML_ParserCreateNS(NULL, '|') : XML_ParserCreate(NULL);
    XML_SetUserData(parser, &seen);
    XML_SetElementHandler(parser, begin, end);
    XML_SetCharacterDataHandler(parser, characters);
    if (XML_Parse(parser, text, (int)(to - text), 1) != XML_STATUS_OK) return 1;
    XML_ParserFree(parser);
  }
  printf("bytes %d elements %u attributes %u characters %u hash %08x\n", (int)(to - text), seen.elements, seen.attributes,
      seen.characters, seen.hash);
  return 0;
}
